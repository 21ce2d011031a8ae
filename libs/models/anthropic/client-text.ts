/** Texts that the client puts into the user's mouth: Claude Code wraps each in a tag of its own. */
import type { News } from '../types.js';

type TextNews = Extract<News, { kind: 'text' }>;

/** Seen with 2.1.332: what it says of commands of its own, such as /compact, and that it has loaded a tool. */
const reminder = /^\s*(?:<(system-reminder|local-command-(?:caveat|stdout|stderr))>[\s\S]*?<\/\1>|Tool loaded\.\s*$)/;
const notification = /^\s*<task-notification>/;

/**
 * A text may begin with reminders and go on with the prompt. A person can begin a prompt like that too, which is why
 * policies on prompts see reminders as well.
 */
export const textNews = (text: string): TextNews[] => {
  const news: TextNews[] = [];
  let rest = text;
  for (let found = reminder.exec(rest); found !== null; found = reminder.exec(rest)) {
    news.push({ kind: 'text', text: found[0].trim(), of: 'reminder' });
    rest = rest.slice(found[0].length);
  }
  if (news.length > 0 && rest.trim() === '') return news;
  const whole = news.length === 0 ? text : rest.trim();
  return [...news, { kind: 'text', text: whole, of: notification.test(whole) ? 'notification' : 'human' }];
};

/** What has come since the model's last answer. */
import type { News } from '../types.js';
import { kindOfText } from './marked-texts.js';

/** One item of a conversation, as far as this is about. */
export interface Said {
  readonly byModel: boolean;
  news(): readonly News[];
}

/**
 * Behind the model's last answer. One that stands at the very end is none yet: the client has put it into the model's
 * mouth, to be gone on with, and what stands before it is news.
 */
export const newsOf = (conversation: readonly Said[]): News[] => {
  const end = conversation.findLastIndex(({ byModel }) => !byModel) + 1;
  const begin = conversation.slice(0, end).findLastIndex(({ byModel }) => byModel) + 1;
  return conversation.slice(begin, end).flatMap((item) => item.news());
};

/** @param role `system` and `developer` speak for the client, not for the person */
export const textNews = (role: string | undefined, texts: readonly string[]): News[] =>
  texts.map((text) => ({ kind: 'text', text, of: role === 'user' ? kindOfText(text) : 'reminder' }));

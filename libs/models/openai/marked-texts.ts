/** Texts that a client puts into the user's mouth: Codex wraps each in a tag of its own. */
import type { News } from '../types.js';

type TextOf = Extract<News, { kind: 'text' }>['of'];

const reminders = [
  'environment_context',
  'user_instructions',
  'permissions instructions',
  'collaboration_mode',
  'personality_spec',
  'realtime_conversation',
  'recommended_plugins',
  'skill',
  'skills_instructions',
  'model_switch',
  'persistent_mode',
  'system-reminder',
  'tool_context',
  'reasoning_context',
  'pinned_notes',
  'turn_aborted',
] as const;

const notifications = ['subagent_notification', 'agent_message_board_notification', 'task-notification'] as const;

const kinds = new Map<string, TextOf>([
  ...reminders.map((tag): [string, TextOf] => [tag, 'reminder']),
  ...notifications.map((tag): [string, TextOf] => [tag, 'notification']),
]);

const opening = /^\s*<([a-z][a-z _-]{0,40})>/i;
const instructions = /^\s*# AGENTS\.md instructions\b/;

/**
 * Only what is wrapped from its first to its last character: a person who merely begins a prompt with such a tag has
 * written a prompt. A client can still call anything a reminder, which is why policies on prompts see those too.
 */
export const kindOfText = (text: string): TextOf => {
  if (instructions.test(text)) return /<\/(INSTRUCTIONS|environment_context)>\s*$/.test(text) ? 'reminder' : 'human';
  const tag = opening.exec(text)?.[1]?.toLowerCase();
  const kind = tag === undefined ? undefined : kinds.get(tag);
  return kind !== undefined && text.trimEnd().toLowerCase().endsWith(`</${tag}>`) ? kind : 'human';
};

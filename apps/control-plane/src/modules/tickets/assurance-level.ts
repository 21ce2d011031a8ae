import type { Assurance } from '@sallyport/core';
import type { ToolCallRow } from '../ai-sessions/ai-session-rows.js';

/** What the witnesses have told of a tool call, as far as a level rests on it. */
export type WitnessedCall = Pick<ToolCallRow, 'hook_command_hmac' | 'model_command_hmac' | 'agrees'>;

/**
 * How sure it is that this tool call made an operation, by what is known of it now.
 *
 * `bound`: the client's hook and the model's own answer tell the same call, and its command is the one that runs.
 * `ticketed`: one of them does. `inferred`: the call is known, but what runs is not what one of them has told.
 *
 * @param command fingerprint of what runs; null where only an id was shown: then nothing says that this call is what runs
 */
export function assuranceOf(
  { hook_command_hmac, model_command_hmac, agrees }: WitnessedCall,
  command: Buffer | null,
): Assurance {
  if (command === null) return agrees === false ? 'inferred' : 'ticketed';
  const told = [hook_command_hmac, model_command_hmac].filter((mark) => mark !== null);
  if (told.length === 0 || !told.every((mark) => mark.equals(command))) return 'inferred';
  return told.length === 2 && agrees === true ? 'bound' : 'ticketed';
}

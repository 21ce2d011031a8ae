import type { ToolCallRow, TurnRow } from './ai-session-rows.js';
import type { PersonalText } from './personal-texts.js';
import type { InputMarks, Telling } from './tool-call-state.js';
import type { ToolInput } from './tool-input.js';

/** What one witness tells of a tool call. */
export interface ToldCall {
  readonly toolUse: string;
  readonly name: string;
  readonly turn: TurnRow;
  /** What was known of it a moment ago in the same transaction; looked for where this member is missing. */
  readonly known?: ToolCallRow | undefined;
  /** Path or id of the sub-agent. */
  readonly agent?: string;
  readonly input?: ToolInput;
  readonly telling: Telling;
  /** The client is told not to run it. */
  readonly refusal?: string;
}

export const marksOf = (personal: PersonalText, { text, command }: ToolInput): InputMarks => ({
  input: personal.fingerprint('input', text),
  command: command === undefined ? null : personal.fingerprint('command', command),
});

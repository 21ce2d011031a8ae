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

/** Codex tells its hooks of a shell call the command alone, under another name than the model's: that is what can be compared. */
const toldByCommand: ReadonlySet<string> = new Set(['codex']);

/** @param client whose hooks and model they are told by */
export const marksOf = (personal: PersonalText, { text, command }: ToolInput, client: string): InputMarks => ({
  input: personal.fingerprint('input', toldByCommand.has(client) ? (command ?? text) : text),
  command: command === undefined ? null : personal.fingerprint('command', command),
});

import { canonicalJson } from '@sallyport/evidence';

/** What a tool was called with, in a form that witnesses can be compared by. */
export interface ToolInput {
  /** JSON with sorted members where it is JSON; else the text as it came. */
  readonly text: string;
  /** The shell command in it, where the tool runs one. */
  readonly command?: string;
}

/** Of JSON text as a model wrote it. */
export function inputOfText(text: string): ToolInput {
  if (text.trim() === '') return inputOfValue({}); // a tool without parameters: the client's hook says {}
  try {
    return inputOfValue(JSON.parse(text));
  } catch {
    return { text };
  }
}

/** Of a value as a hook sends it. */
export function inputOfValue(value: unknown): ToolInput {
  if (typeof value === 'string') return { text: value };
  const command = commandOf(value);
  return { text: canonical(value), ...(command === undefined ? {} : { command }) };
}

function canonical(value: unknown): string {
  try {
    return canonicalJson(value);
  } catch {
    return JSON.stringify(value); // half a surrogate pair, or nested too deep for the canonical form
  }
}

// `command` in Claude Code and in older tools of Codex, `cmd` in its newer ones, `action` where the API itself knows the tool.
function commandOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { command, cmd, action } = value as Readonly<Record<string, unknown>>;
  return textOf(command) ?? textOf(cmd) ?? commandOf(action);
}

function textOf(command: unknown): string | undefined {
  if (typeof command === 'string') return comparable(command);
  if (!Array.isArray(command) || command.length === 0 || !command.every((word) => typeof word === 'string'))
    return undefined;
  const words = command as readonly string[];
  return comparable(words.length === 3 && isShell(words[0]!, words[1]!) ? words[2]! : words.join(' '));
}

const isShell = (program: string, flag: string): boolean =>
  /(^|\/)(ba|z|da|k)?sh$/.test(program) && /^-[a-z]*c$/.test(flag);

/** A command as commands are compared: line ends and the space around it are no part of it. */
export const comparable = (command: string): string => command.replaceAll('\r\n', '\n').trim();

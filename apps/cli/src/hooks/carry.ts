import { evaluated } from '../exec/evaluated.js';
import { quoted } from '../quoted.js';
import type { HookEvent } from './event.js';

/** `'…/sallyport-exec' '<command>'`, as `carried` writes it. */
const ours = /^'(?:[^']|'\\'')*sallyport-exec' ('[\s\S]*')$/;

interface WithCommand {
  readonly command: string;
}

const inputOf = ({ tool_input: input }: HookEvent): WithCommand | undefined =>
  typeof input === 'object' && input !== null && 'command' in input && typeof input.command === 'string'
    ? (input as WithCommand)
    : undefined;

/**
 * Has Codex, which has no prefix for its shell, start a command through `sallyport exec`. It takes another command only
 * together with its own permission, so that is done only where it asks nobody: nothing is allowed that was not.
 * @returns the answer to the hook; undefined where the command stays as it is
 */
export const carried = (event: HookEvent, program: string): object | undefined => {
  const input = inputOf(event);
  const asksNobody = event['permission_mode'] === 'bypassPermissions';
  if (event.hook_event_name !== 'PreToolUse' || event['tool_name'] !== 'Bash' || !asksNobody || !input)
    return undefined;
  if (ours.test(input.command)) return undefined;
  return {
    hookSpecificOutput: {
      hookEventName: 'PreToolUse',
      permissionDecision: 'allow',
      updatedInput: { ...input, command: `${quoted(program)} ${quoted(input.command)}` },
    },
  };
};

/** The event with the model's own command: after the tool has run, hooks are told of the other one. */
export const uncarried = (event: HookEvent): HookEvent => {
  const input = inputOf(event);
  const word = ours.exec(input?.command ?? '')?.[1];
  const command = word === undefined ? undefined : evaluated(`eval ${word}`);
  return command === undefined ? event : { ...event, tool_input: { ...input, command } };
};

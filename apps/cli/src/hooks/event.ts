import { GatewayError } from '@sallyport/core';

/** A hook's input, as the AI client writes it to standard input. Only what is read here is named. */
export interface HookEvent {
  readonly hook_event_name?: string;
  readonly tool_response?: unknown;
  readonly [member: string]: unknown;
}

const mostBytes = 32 * 1024 * 1024;

/** @throws TOO_LARGE rather than hold more than 32 MiB */
const textOf = async (input: AsyncIterable<Uint8Array | string>): Promise<string> => {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of input) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length > mostBytes) throw new GatewayError('TOO_LARGE', 'the hook’s input is over 32 MiB');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
};

/** @throws INVALID_INPUT where it is not a JSON object */
export const readEvent = async (input: AsyncIterable<Uint8Array | string>): Promise<HookEvent> => {
  const text = await textOf(input);
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as HookEvent;
  } catch {
    // said below
  }
  throw new GatewayError('INVALID_INPUT', 'the hook’s input is not a JSON object', {
    hint: 'sallyport hook is for AI clients: sallyport setup tells them of it',
  });
};

// What a tool has answered is evidence of no use for the chain, and may be a whole file.
const mostOfResponse = 64 * 1024;

/** The event as it is sent: an answer of a tool that is too long for a witness is left out, and that is said. */
export const toSend = (event: HookEvent): HookEvent => {
  const { tool_response: response, ...rest } = event;
  if (response === undefined || JSON.stringify(response).length <= mostOfResponse) return event;
  return { ...rest, tool_response_omitted: true };
};

/** Events after which something runs: only there is a refusal of any use, and only these can be made to wait. */
const gates: ReadonlySet<string> = new Set(['PreToolUse', 'UserPromptSubmit', 'PermissionRequest']);

export const isGate = ({ hook_event_name: name = '' }: HookEvent): boolean => gates.has(name);

/** A tool call of the model, whole, and what was decided about it. */
import { maskedInput } from '../line/tool-input.js';
import type { ToolCall } from '../types.js';
import type { AnswerState } from './answer-state.js';
import { type Read, textIn, typeIn } from './body.js';
import { isDeclaredServerTool, isProviderCall } from './kinds.js';

export interface Settled {
  readonly call: ToolCall;
  /** What stands in its place; absent where it passes. */
  readonly denial?: string;
}

/**
 * Asks once. What the provider runs has run, or runs: it is told and passes, whatever the word is.
 * @param block what says which tool is called · @param input as the model wrote it
 */
export const settle = async (state: AnswerState, block: Read, input: string): Promise<Settled> => {
  const { masking, masker } = state;
  const { tools, serverTools, flags } = masking.request;
  const type = typeIn(block);
  const name = textIn(block, 'name') ?? '';
  const byProvider = isProviderCall(type);
  const isOffered = type === 'mcp_tool_use' ? flags.includes('mcp-servers') : isDeclaredServerTool(name, serverTools);
  const call: ToolCall = {
    id: textIn(block, 'id') ?? '',
    name: masker.text(name),
    input: maskedInput(input, masker),
    byProvider,
    declared: byProvider ? isOffered : tools.includes(name),
  };
  const verdict = await masking.decide(call);
  const isDenied = verdict.outcome === 'deny' && !byProvider;
  if (!byProvider) state[isDenied ? 'denied' : 'allowed'] += 1;
  if (isDenied) return { call, denial: verdict.text };
  state.spoken.keep('input', call.id, call.input === input ? undefined : asJson(input));
  return { call };
};

/** What was cut short is no JSON: the client sends back what it made of it, and that is masked then. */
const asJson = (input: string): Uint8Array | undefined => {
  try {
    JSON.parse(input);
    return Buffer.from(input);
  } catch {
    return undefined;
  }
};

/** The Messages API as its documents have it (docs.claude.com, Streaming). */
import { type Emitted, endsIn, event, inDeltas, type Part, type Plan } from './plan.js';

const id = 'msg_scripted';
const usageOf = ({ inputTokens = 12, outputTokens = 7 }: Plan) => ({
  input_tokens: inputTokens,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0,
  output_tokens: outputTokens,
});
const stopReason = (plan: Plan): string => (endsIn(plan) === 'tools' ? 'tool_use' : 'end_turn');

export const anthropicError = (type: string, message: string): unknown => ({ type: 'error', error: { type, message } });

export const anthropicMessage = (plan: Plan, model: string): unknown => ({
  id,
  type: 'message',
  role: 'assistant',
  model,
  content: plan.parts.flatMap((part): unknown[] => {
    if (part.kind === 'text') return [{ type: 'text', text: part.text }];
    if (part.kind === 'thinking') return [{ type: 'thinking', thinking: part.text, signature: part.signature }];
    if (part.kind === 'tool') return [{ type: 'tool_use', id: part.id, name: part.name, input: part.input }];
    if (part.kind === 'provider-tool')
      return [{ type: 'server_tool_use', id: part.id, name: part.name, input: part.input }];
    return [];
  }),
  stop_reason: stopReason(plan),
  stop_sequence: null,
  usage: usageOf(plan),
});

export function* anthropicEvents(plan: Plan, model: string): Generator<Emitted> {
  const message = { ...(anthropicMessage(plan, model) as object), content: [], stop_reason: null };
  yield event({ type: 'message_start', message }, 'message_start');
  yield event({ type: 'ping' }, 'ping');
  let index = 0;
  for (const part of plan.parts) {
    if (part.kind === 'wait') yield { wait: part.ms };
    else if (part.kind === 'until') yield { wait: part.until };
    else if (part.kind === 'cut') {
      yield { cut: true };
      return;
    } else if (part.kind === 'error') {
      yield event(anthropicError(part.type, part.message), 'error');
      return;
    } else {
      yield* block(part, index, plan);
      index += 1;
    }
  }
  const { output_tokens } = usageOf(plan);
  yield event(
    { type: 'message_delta', delta: { stop_reason: stopReason(plan), stop_sequence: null }, usage: { output_tokens } },
    'message_delta',
  );
  yield event({ type: 'message_stop' }, 'message_stop');
}

type Block = Exclude<Part, { kind: 'wait' | 'until' | 'cut' | 'error' }>;

function* block(part: Block, index: number, { deltaSize: size = 5, deltaWait }: Plan): Generator<Emitted> {
  yield event({ type: 'content_block_start', index, content_block: opened(part) }, 'content_block_start');
  const delta = (value: unknown): Emitted =>
    event({ type: 'content_block_delta', index, delta: value }, 'content_block_delta');
  if (part.kind === 'text')
    for (const [at, text] of [...inDeltas(part.text, size)].entries()) {
      if (deltaWait !== undefined && at > 0) yield { wait: deltaWait };
      yield delta({ type: 'text_delta', text });
    }
  else if (part.kind === 'thinking') {
    for (const thinking of inDeltas(part.text, size)) yield delta({ type: 'thinking_delta', thinking });
    yield delta({ type: 'signature_delta', signature: part.signature });
  } else
    for (const partial_json of inDeltas(JSON.stringify(part.input), size))
      yield delta({ type: 'input_json_delta', partial_json });
  if (part.kind === 'text' && part.unfinished) return;
  yield event({ type: 'content_block_stop', index }, 'content_block_stop');
}

function opened(part: Block): unknown {
  if (part.kind === 'text') return { type: 'text', text: '' };
  if (part.kind === 'thinking') return { type: 'thinking', thinking: '', signature: '' };
  const type = part.kind === 'tool' ? 'tool_use' : 'server_tool_use';
  return { type, id: part.id, name: part.name, input: {} };
}

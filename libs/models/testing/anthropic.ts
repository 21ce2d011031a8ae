/** Streams of the Messages API, and what a client makes of them. */
import {
  EventReader,
  type MaskedAnswer,
  type ModelRequest,
  modelApis,
  type RequestMasking,
  type ResponseShape,
  type ToolCall,
  type ToolVerdict,
} from '../index.js';

export const messages = modelApis.get('anthropic.messages')!;

type Fields = Readonly<Record<string, unknown>>;

export const sseOf = (events: readonly Fields[]): Buffer =>
  Buffer.from(events.map((event) => `event: ${String(event['type'])}\ndata: ${JSON.stringify(event)}\n\n`).join(''));

export const start = (index: number, block: Fields): Fields => ({
  type: 'content_block_start',
  index,
  content_block: block,
});
export const delta = (index: number, fields: Fields): Fields => ({ type: 'content_block_delta', index, delta: fields });
export const stop = (index: number): Fields => ({ type: 'content_block_stop', index });

export const textBlock = (index: number, ...texts: readonly string[]): Fields[] => [
  start(index, { type: 'text', text: '' }),
  ...texts.map((text) => delta(index, { type: 'text_delta', text })),
  stop(index),
];

export const callBlock = (
  index: number,
  call: { id: string; name: string; type?: string },
  ...pieces: string[]
): Fields[] => [
  start(index, { type: 'tool_use', ...call, input: {} }),
  ...pieces.map((piece) => delta(index, { type: 'input_json_delta', partial_json: piece })),
  stop(index),
];

export const answerOf = (blocks: readonly Fields[], stopReason = 'end_turn'): Fields[] => [
  {
    type: 'message_start',
    message: {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'claude-sonnet-5-5',
      content: [],
      stop_reason: null,
      usage: { input_tokens: 10, cache_creation_input_tokens: 20, cache_read_input_tokens: 300, output_tokens: 1 },
    },
  },
  { type: 'ping' },
  ...blocks,
  { type: 'message_delta', delta: { stop_reason: stopReason, stop_sequence: null }, usage: { output_tokens: 42 } },
  { type: 'message_stop' },
];

export const pieces = (bytes: Uint8Array, ...cuts: readonly number[]): Uint8Array[] =>
  [0, ...cuts].map((cut, at) => bytes.subarray(cut, cuts[at] ?? bytes.length));

export async function* bodyOf(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

export const streamed: ResponseShape = { status: 200, contentType: 'text/event-stream; charset=utf-8' };
export const json: ResponseShape = { status: 200, contentType: 'application/json' };

export const request = (fields: Fields = {}): ModelRequest =>
  messages.describe(
    Buffer.from(JSON.stringify({ model: 'claude-sonnet-5-5', messages: [], tools: [{ name: 'Bash' }], ...fields })),
  );

export interface Asked {
  readonly shape?: ResponseShape;
  readonly asked?: ModelRequest;
  readonly decide?: (call: ToolCall) => Promise<ToolVerdict>;
  readonly pingMs?: number;
  readonly signal?: AbortSignal;
}

export const mask = (chunks: readonly Uint8Array[], masking: RequestMasking, options: Asked = {}): MaskedAnswer =>
  messages.maskResponse(options.shape ?? streamed, bodyOf(chunks), {
    ...masking,
    request: options.asked ?? request(),
    decide: options.decide ?? (async () => ({ outcome: 'allow' })),
    pingMs: options.pingMs ?? 60_000,
    signal: options.signal ?? new AbortController().signal,
  });

export const collect = async ({ body }: MaskedAnswer): Promise<Buffer> => {
  const out: Uint8Array[] = [];
  for await (const piece of body) out.push(piece);
  return Buffer.concat(out);
};

interface ClientEvent {
  readonly type: string;
  readonly index: number;
  readonly content_block?: Record<string, unknown>;
  readonly delta?: Readonly<Record<string, string>>;
}

export interface Seen {
  readonly types: string[];
  readonly blocks: Record<string, unknown>[];
  stopReason?: string;
}

/** What a client puts together from a stream. */
export const clientOf = (bytes: Uint8Array): Seen => {
  const seen: Seen = { types: [], blocks: [] };
  const inputs: string[] = [];
  for (const { data } of new EventReader().push(bytes)) {
    const event: ClientEvent = data === undefined ? { type: 'comment', index: -1 } : (JSON.parse(data) as ClientEvent);
    const { type, index, delta: change } = event;
    seen.types.push(type);
    if (type === 'content_block_start') seen.blocks[index] = { ...event.content_block };
    if (type === 'message_delta') seen.stopReason = change!['stop_reason']!;
    const block = seen.blocks[index];
    if (block === undefined) continue;
    for (const name of ['text', 'thinking', 'signature'])
      if (change?.[name] !== undefined) block[name] = `${(block[name] as string | undefined) ?? ''}${change[name]}`;
    if (change?.['partial_json'] !== undefined) inputs[index] = (inputs[index] ?? '') + change['partial_json'];
    if (type === 'content_block_stop' && inputs[index] !== undefined) block['input'] = inputs[index];
  }
  return seen;
};

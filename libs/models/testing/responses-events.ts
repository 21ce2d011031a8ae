/** Answers of the Responses API, written as the API writes them. */
import { at, listAt } from './answers.js';

export type Event = Readonly<Record<string, unknown>> & { readonly type: string };

/** Numbered, each an event of its own name. */
export const sse = (events: readonly Event[]): string =>
  events
    .map((event, sequence_number) => `event: ${event.type}\ndata: ${JSON.stringify({ ...event, sequence_number })}\n\n`)
    .join('');

export const eventsIn = (text: string): (Event & { readonly sequence_number: number })[] =>
  text
    .split('\n\n')
    .filter((block) => block.includes('data: '))
    .map((block) => JSON.parse(block.slice(block.indexOf('data: ') + 6)) as Event & { sequence_number: number });

const usage = {
  input_tokens: 100,
  input_tokens_details: { cached_tokens: 60 },
  output_tokens: 20,
  output_tokens_details: { reasoning_tokens: 5 },
  total_tokens: 120,
};
const response = (status: string, output: readonly unknown[]) => ({
  id: 'resp_1',
  object: 'response',
  status,
  model: 'gpt-5.4-2026',
  output,
  usage: status === 'completed' ? usage : null,
});

export const messageItem = (text: string, id = 'msg_1') => ({
  id,
  type: 'message',
  status: 'completed',
  role: 'assistant',
  content: [{ type: 'output_text', annotations: [], logprobs: [], text }],
});

export const messageEvents = (pieces: readonly string[], output_index = 0, id = 'msg_1'): Event[] => {
  const at = { item_id: id, output_index, content_index: 0 };
  const text = pieces.join('');
  const part = { type: 'output_text', annotations: [], logprobs: [] };
  return [
    {
      type: 'response.output_item.added',
      output_index,
      item: { id, type: 'message', status: 'in_progress', role: 'assistant', content: [] },
    },
    { type: 'response.content_part.added', ...at, part: { ...part, text: '' } },
    ...pieces.map((delta) => ({ type: 'response.output_text.delta', ...at, delta, logprobs: [], obfuscation: 'xYz9' })),
    { type: 'response.output_text.done', ...at, text, logprobs: [] },
    { type: 'response.content_part.done', ...at, part: { ...part, text } },
    { type: 'response.output_item.done', output_index, item: messageItem(text, id) },
  ];
};

export const callItem = (input: string, name = 'shell', status = 'completed') => ({
  id: 'fc_1',
  type: 'function_call',
  status,
  arguments: input,
  call_id: 'call_1',
  name,
});

export const callEvents = (pieces: readonly string[], output_index = 0, name = 'shell'): Event[] => {
  const at = { item_id: 'fc_1', output_index };
  const input = pieces.join('');
  return [
    { type: 'response.output_item.added', output_index, item: callItem('', name, 'in_progress') },
    ...pieces.map((delta) => ({ type: 'response.function_call_arguments.delta', ...at, delta, obfuscation: 'q' })),
    { type: 'response.function_call_arguments.done', ...at, arguments: input },
    { type: 'response.output_item.done', output_index, item: callItem(input, name) },
  ];
};

export const reasoningEvents = (output_index = 0): Event[] => {
  const item = { id: 'rs_1', type: 'reasoning', summary: [], encrypted_content: 'gAAAAABo+opaque==' };
  return [
    { type: 'response.output_item.added', output_index, item: { ...item, encrypted_content: '' } },
    { type: 'response.output_item.done', output_index, item },
  ];
};

/** A whole answer around these events. */
export const answer = (events: readonly Event[], output: readonly unknown[]): string =>
  sse([
    { type: 'response.created', response: response('in_progress', []) },
    { type: 'response.in_progress', response: response('in_progress', []) },
    ...events,
    { type: 'response.completed', response: response('completed', output) },
  ]);

/** The text that a client puts together, in each of the places where the API tells it. */
export const appearances = (events: readonly Event[]): Readonly<Record<string, string>> => {
  const of = (type: string) => events.filter((event) => event.type === type);
  const textsIn = (content: readonly unknown[]) => content.map((part) => at(part, 'text')).join('');
  return {
    deltas: textsIn(of('response.output_text.delta').map((event) => ({ text: event['delta'] }))),
    done: textsIn(of('response.output_text.done')),
    part: textsIn(of('response.content_part.done').map((event) => event['part'])),
    item: textsIn(of('response.output_item.done').flatMap((event) => listAt(event, 'item', 'content'))),
    whole: textsIn(
      of('response.completed')
        .flatMap((event) => listAt(event, 'response', 'output'))
        .flatMap((item) => listAt(item, 'content')),
    ),
  };
};

/** A streamed answer as server-sent events. */
import { eventBytes, readEvents, type ServerSentEvent } from '../sse.js';
import { type AnswerState, notUnderstood } from './answer-state.js';
import { ModelEvent } from './model-event.js';
import { AnswerStream } from './stream.js';

export const pingEvent = eventBytes('ping', '{"type": "ping"}');

/** What a client does not see: it passes unless a value stands in it. */
const emptyComment = Buffer.from(':\n');

export async function* sseAnswer(
  body: AsyncIterable<Uint8Array>,
  stream: AnswerStream,
  state: AnswerState,
): AsyncGenerator<Uint8Array> {
  for await (const event of readEvents(body)) {
    const isClean = `${event.name}\n${event.beside}` === state.masker.text(`${event.name}\n${event.beside}`);
    if (event.data === undefined) yield isClean ? event.bytes : emptyComment;
    else yield* await stream.take(modelEvent(event, event.data, isClean));
  }
  if (!stream.hasEnded) throw notUnderstood('the answer is cut off');
}

const modelEvent = ({ bytes, name }: ServerSentEvent, data: string, isClean: boolean): ModelEvent => {
  const event = new ModelEvent(Buffer.from(data), {
    bytes: isClean ? bytes : eventBytes(name, data),
    write: (type, document) => eventBytes(name === '' ? '' : type, Buffer.from(document).toString()),
  });
  if (name !== '' && name !== event.type) throw notUnderstood('an event of the answer has two names');
  return event;
};

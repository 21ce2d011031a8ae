/** A streamed answer as server-sent events. */
import { eventBytes, readEvents, type ServerSentEvent } from '../sse.js';
import { type AnswerState, notUnderstood } from './answer-state.js';
import { isKnownEvent } from './kinds.js';
import { ModelEvent } from './model-event.js';
import { AnswerStream } from './stream.js';

export const pingEvent = eventBytes('ping', '{"type": "ping"}');

/** What a client does not see: it passes unless a value stands in it. */
const emptyComment = Buffer.from(':\n');

export async function* sseAnswer(
  body: AsyncIterable<Uint8Array>,
  stream: AnswerStream<Uint8Array>,
  state: AnswerState,
): AsyncGenerator<Uint8Array> {
  for await (const event of readEvents(body)) {
    const isClean = isPlain(event) || state.masker.text(besideData(event)) === besideData(event);
    if (event.data === undefined) yield isClean ? event.bytes : emptyComment;
    else yield* await stream.take(modelEvent(event, event.data, isClean));
  }
  if (!stream.hasEnded) throw notUnderstood('the answer is cut off');
}

/** Names that the API gives, and nothing else beside the data: so are all events but a few. */
const isPlain = ({ name, beside }: ServerSentEvent): boolean => beside === '' && (name === '' || isKnownEvent(name));
const besideData = ({ name, beside }: ServerSentEvent): string => `${name}\n${beside}`;

const modelEvent = ({ bytes, name }: ServerSentEvent, data: string, isClean: boolean): ModelEvent<Uint8Array> => {
  const event = new ModelEvent(Buffer.from(data), {
    original: isClean ? bytes : eventBytes(name, data),
    write: (type, document) => eventBytes(name === '' ? '' : type, Buffer.from(document).toString()),
  });
  if (name !== '' && name !== event.type) throw notUnderstood('an event of the answer has two names');
  return event;
};

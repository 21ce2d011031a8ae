/** An answer of the Messages API, whatever its form. */
import { withPings } from '../line/pings.js';
import type { MaskedAnswer, ResponseMasking, ResponseShape } from '../types.js';
import { wholeBody } from '../whole-body.js';
import { AnswerState, notUnderstood } from './answer-state.js';
import { pingEvent, sseAnswer } from './sse-answer.js';
import { AnswerStream } from './stream.js';
import { failedAnswer, messageAnswer } from './whole-answer.js';

/** Blank space may stand before JSON. */
const blank = Buffer.from('\n');

export const maskAnswer = (
  shape: ResponseShape,
  body: AsyncIterable<Uint8Array>,
  masking: ResponseMasking,
): MaskedAnswer => {
  const state = new AnswerState(masking);
  const { pingMs, signal } = masking;
  if (isOf(shape, /^text\/event-stream$/)) {
    const stream = new AnswerStream<Uint8Array>(state);
    const pings = { pingMs, signal, ping: () => pingEvent, holds: () => stream.holds };
    return { answer: state, body: withPings(sseAnswer(body, stream, state), pings) };
  }
  const deciding = { now: false };
  const pings = { pingMs, signal, ping: () => blank, holds: () => deciding.now };
  return { answer: state, body: withPings(whole(shape, body, state, deciding), pings) };
};

async function* whole(
  shape: ResponseShape,
  body: AsyncIterable<Uint8Array>,
  state: AnswerState,
  deciding: { now: boolean },
): AsyncGenerator<Uint8Array> {
  const document = await wholeBody(body);
  if (document.length === 0) return;
  const isJson = isOf(shape, /^application\/(?:[a-z.-]+\+)?json$/);
  if (shape.status >= 400) yield failedAnswer(document, isJson, state);
  else if (!isJson) throw notUnderstood('the answer is neither JSON nor a stream of events');
  else {
    deciding.now = true;
    const answer = await messageAnswer(document, state);
    deciding.now = false;
    yield answer;
  }
}

const isOf = ({ contentType }: ResponseShape, form: RegExp): boolean =>
  form.test(contentType.split(';')[0]!.trim().toLowerCase());

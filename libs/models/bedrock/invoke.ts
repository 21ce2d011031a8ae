/** InvokeModel and InvokeModelWithResponseStream of Bedrock, for models that speak the Messages API there. */
import { maskAnswer } from '../anthropic/answer.js';
import { AnswerState, notUnderstood } from '../anthropic/answer-state.js';
import { invalid, readBody, textIn } from '../anthropic/body.js';
import { describe } from '../anthropic/describe.js';
import { leafEdits } from '../anthropic/leaves.js';
import { ModelEvent } from '../anthropic/model-event.js';
import { RequestEdits } from '../anthropic/request-edits.js';
import { AnswerStream } from '../anthropic/stream.js';
import { edit, type JsonNode, parseJson } from '../json-spans.js';
import { withPings } from '../line/pings.js';
import type { ModelApi, ModelRequest, ResponseMasking } from '../types.js';
import { chunkOf, documentIn, isChunk } from './chunks.js';
import type { BedrockTarget, EventFrame, MaskedFrames } from './frames.js';

/**
 * The API for one request: its path names the model. `maskResponse` is for answers that are JSON (InvokeModel, errors); the
 * events of a stream go through `maskInvokeFrames`.
 */
export const bedrockInvoke = (target: BedrockTarget): ModelApi => ({
  name: 'bedrock.invoke',
  describe: (body) => describeInvoke(body, target),
  maskRequest: (body, masking) => new RequestEdits(body, masking).masked(readBody(body)),
  maskResponse: maskAnswer,
});

/** Bedrock asks for the version in the body: without it, it is for a model whose words nobody here knows. */
const describeInvoke = (document: Uint8Array, target: BedrockTarget): ModelRequest => {
  const request = describe('bedrock.invoke', document, target);
  if (textIn({ document, node: readBody(document) }, 'anthropic_version') === undefined)
    throw invalid('the body is not of the Messages API: "anthropic_version" is missing');
  return request;
};

const ping = chunkOf(Buffer.from('{"type":"ping"}'));

export const maskInvokeFrames = (frames: AsyncIterable<EventFrame>, masking: ResponseMasking): MaskedFrames => {
  const state = new AnswerState(masking);
  const stream = new AnswerStream<EventFrame>(state);
  const { pingMs, signal } = masking;
  const pings = { pingMs, signal, holds: () => stream.holds, ping: () => ping };
  return { answer: state, frames: withPings(masked(frames, stream, state), pings) };
};

async function* masked(
  frames: AsyncIterable<EventFrame>,
  stream: AnswerStream<EventFrame>,
  state: AnswerState,
): AsyncGenerator<EventFrame> {
  for await (const frame of frames) {
    if (isChunk(frame)) {
      yield* await stream.take(eventIn(frame));
      continue;
    }
    yield other(frame, state);
    if (frame.isException !== true) continue;
    // What was held back will never be whole.
    state.errorType = frame.type;
    return;
  }
  if (!stream.hasEnded) throw notUnderstood('the answer is cut off');
}

const eventIn = (frame: EventFrame): ModelEvent<EventFrame> =>
  new ModelEvent(documentIn(frame), { original: frame, write: (_type, document) => chunkOf(document) });

/** Exceptions keep their words; only values in them are hidden. */
const other = (frame: EventFrame, state: AnswerState): EventFrame => {
  const edits = leafEdits(frame.payload, payloadOf(frame.payload), state.masker);
  return edits.length === 0 ? frame : { ...frame, payload: edit(frame.payload, edits) };
};

const payloadOf = (payload: Uint8Array): JsonNode =>
  parseJson(payload, { code: 'RESPONSE_NOT_UNDERSTOOD', what: 'a frame of the answer' });

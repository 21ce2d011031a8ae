/** InvokeModel and InvokeModelWithResponseStream of Bedrock, for models that speak the Messages API there. */
import { maskAnswer } from '../anthropic/answer.js';
import { AnswerState, notUnderstood } from '../anthropic/answer-state.js';
import { invalid, readBody, textIn } from '../anthropic/body.js';
import { describe } from '../anthropic/describe.js';
import { leafEdits } from '../anthropic/leaves.js';
import { ModelEvent } from '../anthropic/model-event.js';
import { RequestEdits } from '../anthropic/request-edits.js';
import { AnswerStream } from '../anthropic/stream.js';
import { edit, type JsonNode, member, parseJson, stringOf } from '../json-spans.js';
import { withPings } from '../line/pings.js';
import type { ModelApi, ModelRequest, ResponseMasking } from '../types.js';
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

const ping = frameOf(Buffer.from('{"type":"ping"}'));

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
    if (frame.type === 'chunk' && frame.isException !== true) {
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

/** The event of the Messages API that a frame carries, in base64. */
const eventIn = (frame: EventFrame): ModelEvent<EventFrame> => {
  const { payload } = frame;
  const node = payloadOf(payload);
  const bytes = member(node, 'bytes');
  const text = stringOf(payload, bytes);
  if (bytes === undefined || text === undefined) throw notUnderstood('a frame of the answer carries no bytes');
  const document = Buffer.from(text, 'base64');
  // Decoders forgive what is no base64, each in its own way: the client would not read what is read here.
  if (document.toString('base64') !== text) throw notUnderstood('a frame of the answer carries no base64');
  return new ModelEvent(document, {
    original: frame,
    write: (_type, document) => frameOf(document),
  });
};

/** Without the padding that hides from onlookers how long a word is: this frame travels inside the gateway's own TLS. */
function frameOf(document: Uint8Array): EventFrame {
  return { type: 'chunk', payload: Buffer.from(JSON.stringify({ bytes: Buffer.from(document).toString('base64') })) };
}

/** Exceptions keep their words; only values in them are hidden. */
const other = (frame: EventFrame, state: AnswerState): EventFrame => {
  const edits = leafEdits(frame.payload, payloadOf(frame.payload), state.masker);
  return edits.length === 0 ? frame : { ...frame, payload: edit(frame.payload, edits) };
};

const payloadOf = (payload: Uint8Array): JsonNode =>
  parseJson(payload, { code: 'RESPONSE_NOT_UNDERSTOOD', what: 'a frame of the answer' });

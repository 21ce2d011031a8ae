/** Converse and ConverseStream of Bedrock. */
import { AnswerTexts } from '../line/answer-texts.js';
import { withPings } from '../line/pings.js';
import { type AnswerApi, maskedAnswer } from '../openai/answer.js';
import type { AnswerFacts } from '../openai/answer-facts.js';
import { Decisions } from '../openai/decisions.js';
import { notUnderstood } from '../openai/received.js';
import type { ModelApi, ResponseMasking } from '../types.js';
import { maskConverse } from './converse-request.js';
import { ConverseStream } from './converse-stream.js';
import { converseAnswer } from './converse-whole.js';
import { describeConverse, readConverse } from './describe-converse.js';
import type { BedrockTarget, EventFrame, MaskedFrames } from './frames.js';

const answers: AnswerApi = {
  stream: () => {
    throw notUnderstood('Converse answers in no server-sent events');
  },
  edits: converseAnswer,
};

/**
 * The API for one request: its path names the model. `maskResponse` is for answers that are JSON (Converse, errors); the
 * events of ConverseStream go through `maskConverseFrames`.
 */
export const bedrockConverse = (target: BedrockTarget): ModelApi => ({
  name: 'bedrock.converse',
  describe: (body) => describeConverse(body, target),
  maskRequest: (body, masking) => maskConverse(body, readConverse(body), masking),
  maskResponse: (shape, body, masking) => maskedAnswer(answers, { shape, body }, masking),
});

/** Clients read over events of a type that they do not know. */
const ping: EventFrame = { type: 'ping', payload: Buffer.from('{}') };

export const maskConverseFrames = (frames: AsyncIterable<EventFrame>, masking: ResponseMasking): MaskedFrames => {
  const texts = new AnswerTexts(masking);
  const facts: AnswerFacts = {};
  const stream = new ConverseStream(new Decisions(masking, texts), facts, masking.request.model);
  const events = (async function* () {
    for await (const frame of frames) yield* stream.take(frame);
    stream.finish();
  })();
  const { pingMs, signal } = masking;
  return {
    frames: withPings(events, { pingMs, signal, holds: () => stream.holds, ping: () => ping }),
    get answer() {
      return { ...facts, ...texts.found };
    },
  };
};

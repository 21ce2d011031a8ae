/** InvokeModel and InvokeModelWithResponseStream in the words of a maker that is not known. */
import { AnswerTexts } from '../../line/answer-texts.js';
import { maskedAnswer } from '../../openai/answer.js';
import type { AnswerFacts } from '../../openai/answer-facts.js';
import { Decisions } from '../../openai/decisions.js';
import type { ModelApi, ResponseMasking } from '../../types.js';
import type { BedrockTarget, EventFrame, MaskedFrames } from '../frames.js';
import { otherAnswers } from './answer.js';
import { describeOther, maskOther } from './request.js';
import { OtherStream } from './stream.js';

export const maskOtherAnswer: ModelApi['maskResponse'] = (shape, body, masking) =>
  maskedAnswer(otherAnswers, { shape, body }, masking);

export const bedrockOther = (target: BedrockTarget): ModelApi => ({
  name: 'bedrock.other',
  describe: (body) => describeOther(body, target),
  maskRequest: maskOther,
  maskResponse: maskOtherAnswer,
});

/** Without pings: there is no event that every client of an unknown maker's words reads over. */
export const maskOtherFrames = (frames: AsyncIterable<EventFrame>, masking: ResponseMasking): MaskedFrames => {
  const texts = new AnswerTexts(masking);
  const facts: AnswerFacts = {};
  const stream = new OtherStream(new Decisions(masking, texts), facts, masking.request.model);
  const masked = async function* () {
    for await (const frame of frames) yield* stream.take(frame);
    yield* stream.finish();
  };
  return {
    frames: masked(),
    get answer() {
      return { ...facts, ...texts.found };
    },
  };
};

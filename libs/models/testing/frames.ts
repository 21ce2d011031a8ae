import type { EventFrame, MaskedFrames } from '../bedrock/index.js';
import type { ModelAnswer, ResponseMasking, ToolCall } from '../index.js';
import { type AnswerOptions, Passing, plainRequest } from './answers.js';
import { everything, maskingWith } from './masking.js';

export interface FramesAnswered {
  readonly frames: readonly EventFrame[];
  /** By type, with what each carries. */
  readonly events: readonly (readonly [string, unknown])[];
  readonly calls: readonly ToolCall[];
  readonly answer: ModelAnswer;
  readonly error?: unknown;
}

async function* each(frames: readonly EventFrame[]): AsyncGenerator<EventFrame> {
  yield* frames;
}

export const framesAnswered = async (
  mask: (frames: AsyncIterable<EventFrame>, masking: ResponseMasking) => MaskedFrames,
  frames: readonly EventFrame[],
  { masker = everything, request = {}, decide, pings = 0 }: AnswerOptions = {},
): Promise<FramesAnswered> => {
  const calls: ToolCall[] = [];
  const passing = new Passing();
  const masked = mask(each(frames), {
    ...maskingWith(masker),
    request: { ...plainRequest, ...request },
    decide: async (call) => {
      calls.push(call);
      await passing.more(pings);
      return (await decide?.(call)) ?? { outcome: 'allow' };
    },
    pingMs: pings === 0 ? 60_000 : 5,
    signal: new AbortController().signal,
  });
  const passed: EventFrame[] = [];
  let error: unknown;
  try {
    for await (const frame of masked.frames) {
      passed.push(frame);
      passing.pass();
    }
  } catch (cause) {
    error = cause;
  }
  const events = passed.map(({ type, payload }) => [type, JSON.parse(Buffer.from(payload).toString())] as const);
  return { frames: passed, events, calls, answer: masked.answer, ...(error === undefined ? {} : { error }) };
};

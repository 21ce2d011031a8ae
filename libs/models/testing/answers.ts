import { GatewayError } from '@sallyport/core';
import type { Masker } from '@sallyport/masking';
import type { ModelAnswer, ModelApi, ModelRequest, ToolCall, ToolVerdict } from '../index.js';
import { everything, maskingWith } from './masking.js';

export interface AnswerOptions {
  readonly masker?: Masker;
  readonly contentType?: string;
  readonly request?: Partial<ModelRequest>;
  readonly decide?: (call: ToolCall) => ToolVerdict | Promise<ToolVerdict>;
  /** A verdict comes only after so many pings. */
  readonly pings?: number;
}

/** Lets those wait who want to see so many pieces pass first. */
export class Passing {
  #passed = 0;
  #waiting: { readonly until: number; readonly go: () => void }[] = [];

  pass(): void {
    this.#passed += 1;
    for (const { until, go } of this.#waiting) if (this.#passed >= until) go();
  }

  /** At once for none. */
  async more(count: number): Promise<void> {
    const until = this.#passed + count;
    if (count > 0) await new Promise<void>((go) => this.#waiting.push({ until, go }));
  }
}

export interface Answered {
  readonly text: string;
  readonly pieces: readonly string[];
  readonly calls: readonly ToolCall[];
  readonly answer: ModelAnswer;
  /** Why it ended early. */
  readonly error?: unknown;
}

export const plainRequest: ModelRequest = {
  api: 'openai.responses',
  model: 'm',
  stream: true,
  inputTokensAtMost: 1,
  messages: 1,
  news: [],
  tools: [],
  serverTools: [],
  media: [],
  unknownMembers: [],
  flags: [],
};

/** As a network brings it. */
export async function* chunksOf(body: string | Uint8Array, next: () => number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(body);
  for (let start = 0; start < bytes.length; ) {
    const end = Math.min(bytes.length, start + Math.max(1, next()));
    yield Uint8Array.from(bytes.subarray(start, end));
    start = end;
  }
}

/** What a client gets of an answer, and what was asked meanwhile. */
export const answered = async (
  api: ModelApi,
  body: AsyncIterable<Uint8Array>,
  { masker = everything, contentType = 'text/event-stream', request = {}, decide, pings = 0 }: AnswerOptions = {},
): Promise<Answered> => {
  const calls: ToolCall[] = [];
  const passing = new Passing();
  const masked = api.maskResponse({ status: 200, contentType }, body, {
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
  const pieces: string[] = [];
  const told = () => ({ text: pieces.join(''), pieces, calls, answer: masked.answer });
  try {
    for await (const piece of masked.body) {
      pieces.push(Buffer.from(piece).toString());
      passing.pass();
    }
    return told();
  } catch (error) {
    return { ...told(), error };
  }
};

export const isGatewayError = (error: unknown): boolean =>
  error instanceof GatewayError && error.code === 'RESPONSE_NOT_UNDERSTOOD';

/** What stands in a parsed document at the end of these names and numbers. */
export const at = (value: unknown, ...path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>(
    (inner, name) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, name) : undefined),
    value,
  );

export const listAt = (value: unknown, ...path: readonly (string | number)[]): readonly unknown[] => {
  const list = at(value, ...path);
  return Array.isArray(list) ? list : [];
};

/** Empty where no text stands there. */
export const textAt = (value: unknown, ...path: readonly (string | number)[]): string => {
  const text = at(value, ...path);
  return typeof text === 'string' ? text : '';
};

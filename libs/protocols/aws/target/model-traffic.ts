/**
 * What is said to a model and what it says, over the masking that every call of AWS has: secrets of a prompt do not reach
 * the model, and a tool call of its answer comes whole.
 */
import { GatewayError, type ModelUsage } from '@sallyport/core';
import { type Header, headerOf } from '@sallyport/http';
import type { Masker } from '@sallyport/masking';
import type {
  ConversationLedger,
  MaskedRequest,
  ModelAnswer,
  ModelRequest,
  Placeholders,
  ToolCall,
  ToolVerdict,
} from '@sallyport/models';
import { only, readWhole } from '../masking/bodies.js';
import type { ResponseHead } from '../masking/index.js';
import { mostBytes } from '../masking/structured.js';
import type { BedrockApi } from '../model-api.js';
import { throughFrames } from './event-frames.js';

/** A client that hears nothing for this long while something is held gets a ping. */
const pingMs = 5_000;
const json = 'application/json';

export interface ModelTrafficOptions {
  readonly api: BedrockApi;
  readonly body: Uint8Array;
  /** Of the request as it is to go on. */
  readonly headers: readonly Header[];
  readonly masker: Masker;
  readonly placeholders: Placeholders;
  readonly ledger: ConversationLedger;
  readonly signal: AbortSignal;
  readonly decide: (call: ToolCall) => Promise<ToolVerdict>;
}

export class ModelTraffic {
  readonly sent: MaskedRequest;
  readonly #options: ModelTrafficOptions;
  readonly #request: ModelRequest;
  #answer: { readonly answer: ModelAnswer } | undefined;
  #usage: ModelUsage | undefined;

  /** @throws GatewayError INVALID_INPUT, UNSUPPORTED */
  constructor(options: ModelTrafficOptions) {
    const { api, body, headers } = options;
    if (headerOf(headers, 'content-encoding') !== undefined)
      throw new GatewayError('UNSUPPORTED', 'a request to a model must not be compressed: it could not be masked', {
        hint: 'turn request compression off in the SDK',
      });
    this.#options = options;
    this.#request = api.describe(body);
    this.sent = api.maskRequest(body, options);
  }

  /** What is known of the answer so far; what it used Bedrock says in its head, in whosever words the rest is. */
  get answer(): ModelAnswer | undefined {
    const answer = this.#answer?.answer;
    return answer === undefined || this.#usage === undefined ? answer : { usage: this.#usage, ...answer };
  }

  /** Digests of the client's are of what it has sent, not of what goes on; and the answer must come as it is. */
  get headers(): readonly Header[] {
    const kept = this.#options.headers.filter(([name]) => name !== 'accept-encoding');
    if (Buffer.compare(this.sent.body, this.#options.body) === 0) return kept;
    return kept.filter(([name]) => name !== 'content-md5' && !/^x-amz-(?:sdk-)?checksum-/.test(name));
  }

  /**
   * An error is none of the model's: AWS says it in its own words.
   * @throws GatewayError RESPONSE_NOT_UNDERSTOOD
   */
  async response(
    head: ResponseHead,
    body: AsyncIterable<Uint8Array>,
  ): Promise<{ readonly head: ResponseHead; readonly body: AsyncIterable<Uint8Array> }> {
    if (head.status >= 300) return { head, body };
    if ((headerOf(head.headers, 'content-encoding') ?? 'identity') !== 'identity')
      throw new GatewayError('RESPONSE_NOT_UNDERSTOOD', 'the model’s answer is encoded, so it cannot be masked');
    const { api } = this.#options;
    const masking = { ...this.#options, request: this.#request, pingMs };
    const headers = head.headers.filter(([name]) => name !== 'content-length');
    if (api.maskFrames !== undefined) {
      const { maskFrames } = api;
      const through = throughFrames(body, (frames) => maskFrames(frames, masking));
      this.#answer = through.masked;
      return { head: { ...head, headers }, body: through.body };
    }
    this.#usage = usageIn(head.headers, this.#request.model);
    const masked = api.maskResponse({ status: head.status, contentType: json }, body, masking);
    this.#answer = masked;
    // Whole, and said to be so long: what comes after looks into short bodies as a whole.
    const bytes = await readWhole(masked.body, mostBytes);
    return { head: { ...head, headers: [...headers, ['content-length', String(bytes.length)]] }, body: only(bytes) };
  }
}

const usageIn = (headers: readonly Header[], model: string): ModelUsage | undefined => {
  const count = (way: string): number | undefined => {
    const text = headerOf(headers, `x-amzn-bedrock-${way}-token-count`);
    return text !== undefined && /^\d{1,12}$/.test(text) ? Number(text) : undefined;
  };
  const [inputTokens, outputTokens] = [count('input'), count('output')];
  if (inputTokens === undefined || outputTokens === undefined) return undefined;
  const cached = { cacheReadTokens: count('cache-read-input') ?? 0, cacheWriteTokens: count('cache-write-input') ?? 0 };
  return { model, inputTokens, outputTokens, ...cached };
};

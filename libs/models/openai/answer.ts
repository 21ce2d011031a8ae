/** An answer of either API on its way to the client, by its content type: events, JSON, or a text. */
import { edit, type JsonEdit, type JsonNode } from '../json-spans.js';
import { AnswerTexts } from '../line/answer-texts.js';
import { withPings } from '../line/pings.js';
import { readEvents, type ServerSentEvent } from '../sse.js';
import type { MaskedAnswer, ModelAnswer, ModelRequest, ResponseMasking, ResponseShape } from '../types.js';
import { wholeBody } from '../whole-body.js';
import type { AnswerFacts } from './answer-facts.js';
import { Decisions } from './decisions.js';
import { maskedText } from './masked-text.js';
import { readAnswer } from './received.js';

/** A streamed answer. */
export interface AnswerStream {
  take(event: ServerSentEvent): AsyncGenerator<Uint8Array>;
  /** @throws GatewayError RESPONSE_NOT_UNDERSTOOD where something is held that cannot end any more */
  finish(): void;
  readonly holds: boolean;
  ping(): Uint8Array;
}

export interface AnswerApi {
  stream(decisions: Decisions, facts: AnswerFacts, request: ModelRequest): AnswerStream;
  /** What is hidden in an answer that comes whole. */
  edits(document: Uint8Array, node: JsonNode, told: Told): Promise<JsonEdit[]>;
}

export interface Told {
  readonly decisions: Decisions;
  readonly facts: AnswerFacts;
  readonly request: ModelRequest;
}

interface How {
  readonly told: Told;
  readonly pingMs: number;
  readonly signal: AbortSignal;
}

const streamed = (api: AnswerApi, body: AsyncIterable<Uint8Array>, { told, pingMs, signal }: How) => {
  const stream = api.stream(told.decisions, told.facts, told.request);
  const events = (async function* () {
    for await (const event of readEvents(body)) yield* stream.take(event);
    stream.finish();
  })();
  return withPings(events, { pingMs, signal, holds: () => stream.holds, ping: () => stream.ping() });
};

const space = Buffer.from(' ');

const whole = (
  api: AnswerApi,
  body: AsyncIterable<Uint8Array>,
  { told, pingMs, signal, isJson }: How & { isJson: boolean },
) => {
  const { decisions } = told;
  const pieces = (async function* () {
    const document = await wholeBody(body);
    if (!isJson) yield maskedText(document, decisions.texts);
    else if (document.length > 0) yield edit(document, await api.edits(document, readAnswer(document), told));
  })();
  // Before a JSON document a space means nothing, and shows that something is still to come.
  return withPings(pieces, { pingMs, signal, holds: () => isJson && decisions.isAsking, ping: () => space });
};

export const maskedAnswer = (
  api: AnswerApi,
  { shape, body }: { readonly shape: ResponseShape; readonly body: AsyncIterable<Uint8Array> },
  masking: ResponseMasking,
): MaskedAnswer => {
  const texts = new AnswerTexts(masking);
  const told: Told = { decisions: new Decisions(masking, texts), facts: {}, request: masking.request };
  const type = shape.contentType.toLowerCase();
  const isEvents = type.startsWith('text/event-stream');
  const { pingMs, signal } = masking;
  const isJson = /^application\/(?:[a-z.+-]*\+)?json\b/.test(type);
  return {
    body: isEvents ? streamed(api, body, { told, pingMs, signal }) : whole(api, body, { told, pingMs, signal, isJson }),
    get answer(): ModelAnswer {
      return { ...told.facts, ...texts.found };
    },
  };
};

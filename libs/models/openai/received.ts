/** A server-sent event that carries JSON, read; and how it is written again. */
import { GatewayError } from '@sallyport/core';
import { type JsonNode, parseJson } from '../json-spans.js';
import type { AnswerTexts } from '../line/answer-texts.js';
import { Entry, type Envelope } from '../line/entry.js';
import { EventReader, eventBytes, type ServerSentEvent } from '../sse.js';

export interface Received {
  readonly sse: ServerSentEvent;
  readonly document: Uint8Array;
  readonly node: JsonNode;
}

export const notUnderstood = (message: string): GatewayError => new GatewayError('RESPONSE_NOT_UNDERSTOOD', message);

export const readAnswer = (document: Uint8Array): JsonNode =>
  parseJson(document, { code: 'RESPONSE_NOT_UNDERSTOOD', what: 'the answer' });

/** @throws GatewayError RESPONSE_NOT_UNDERSTOOD where its data is no JSON object */
export const received = (sse: ServerSentEvent, data: string): Received => {
  const document = Buffer.from(data);
  const node = readAnswer(document);
  if (node.kind !== 'object') throw notUnderstood('an event of the answer is not a JSON object');
  return { sse, document, node };
};

/** An event that the gateway writes itself. */
export const writtenEvent = (name: string, data: string): Received =>
  received(new EventReader().push(eventBytes(name, data))[0]!, data);

/** Line ends in JSON stand between its values: as good as a space there, and an event's data is one line. */
const oneLine = (document: Uint8Array): string =>
  Buffer.from(document)
    .toString()
    .replace(/[\r\n]+/g, ' ');

/** What a client's parser reads over (comments, fields of no meaning) carries nothing that is to be hidden. */
const asItCame = ({ sse, document }: Received, texts: AnswerTexts): Uint8Array => {
  const data = oneLine(document);
  const usual = eventBytes(sse.name, data);
  if (Buffer.compare(usual, sse.bytes) === 0 && texts.text(sse.name) === sse.name) return sse.bytes;
  const raw = Buffer.from(sse.bytes).toString();
  return texts.text(raw, false) === raw ? sse.bytes : eventBytes(texts.text(sse.name), data);
};

export const envelopeOf = (event: Received, texts: AnswerTexts): Envelope<Uint8Array> => ({
  document: event.document,
  write: (document) =>
    document === undefined ? asItCame(event, texts) : eventBytes(texts.text(event.sse.name), oneLine(document)),
});

/** What has no data no client sees. It keeps its place, unless there is something to hide in it. */
export const commentEntry = (sse: ServerSentEvent, texts: AnswerTexts): Entry<Uint8Array> => {
  const raw = Buffer.from(sse.bytes).toString();
  const bytes = texts.text(raw, false) === raw ? sse.bytes : Buffer.from(':\n\n');
  return new Entry({ document: sse.bytes, write: () => bytes });
};

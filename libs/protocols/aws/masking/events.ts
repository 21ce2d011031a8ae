/** Answers in events: message by message, and texts that go over several of them. */
import { type EventHeaderValue, type EventMessage, EventStreamDecoder, encodeEvent } from '@sallyport/aws';
import { GatewayError } from '@sallyport/core';
import type { Body } from './bodies.js';
import { type ChannelRule, channelRules } from './channel-rules.js';
import { Channels } from './channels.js';
import { maskHeaders, without } from './headers.js';
import { nodeAt } from './hide-tree.js';
import type { MemberNode } from './members.js';
import { hideModelText } from './model-text.js';
import { notUnderstood } from './not-understood.js';
import { hidePieces } from './pieces.js';
import { type Documents, maskedBytes, maskedPayload } from './structured.js';
import type { Tally } from './tally.js';
import type { MaskedResponse, ResponseHead } from './types.js';

const said = (message: EventMessage, name: string): string | undefined => {
  const header = message.headers.get(name);
  return header?.type === 'string' ? header.value : undefined;
};

class EventMasker {
  private readonly rules: readonly ChannelRule[];
  private readonly channels: Channels;

  constructor(
    private readonly documents: Documents,
    tally: Tally,
  ) {
    const { service, operation } = documents.call;
    this.rules = channelRules(service, operation);
    this.channels = new Channels(documents.masker, tally);
  }

  /** @returns the message as it may leave, behind what has waited for it */
  message(message: EventMessage): EventMessage[] {
    const clean = { headers: this.headers(message), payload: message.payload };
    const event = said(message, ':event-type');
    if (said(message, ':message-type') !== 'event' || event === undefined)
      return [...this.channels.flush(), { ...clean, payload: this.plain(message) }];
    const ended = this.ended(event, message);
    const rules = this.rules.filter((rule) => rule.event === event);
    if (rules.length === 0) return [...ended, { ...clean, payload: this.event(message, event, this.nodeOf(event)) }];
    return [...ended, ...this.pieces(clean, event, rules)];
  }

  finish(): EventMessage[] {
    return this.channels.flush();
  }

  private nodeOf(event: string): MemberNode | undefined {
    const { answer } = this.documents;
    const union = answer.service.nodes[answer.node] || undefined;
    return nodeAt(answer.service, union?.m && Object.hasOwn(union.m, event) ? union.m[event] : undefined);
  }

  /** Texts that this event ends; where it says which one, only that. */
  private ended(event: string, message: EventMessage): EventMessage[] {
    return this.rules
      .filter(({ ends }) => ends.includes(event))
      .flatMap((rule) => {
        const which = rule.by === undefined ? undefined : indexIn(message.payload, rule.by);
        const prefix = which === undefined ? `${rule.event} ` : `${rule.event} ${which} `;
        return this.channels.flush((name) => name.startsWith(prefix));
      });
  }

  private pieces(message: EventMessage, event: string, rules: readonly ChannelRule[]): EventMessage[] {
    const [rule] = rules;
    if (rule?.form === 'bytes') return [this.bytes(message, event)];
    if (rule?.form === 'model') return hideModelText(message, rule, { ...this.documents, channels: this.channels });
    return [hidePieces(message, rules, { ...this.documents, channels: this.channels, node: this.nodeOf(event) })];
  }

  private bytes(message: EventMessage, event: string): EventMessage {
    const name = `${event} `;
    const payload = this.channels.push(name, message.payload);
    this.channels.remember(name, (piece) => ({ headers: message.headers, payload: piece }));
    return { headers: message.headers, payload };
  }

  /** An exception, an error, or what no model describes. */
  private plain({ payload, ...message }: EventMessage): Uint8Array {
    return isDocument(message)
      ? maskedBytes(payload, this.documents, false)
      : (this.documents.texts.blob(payload) ?? payload);
  }

  private event(message: EventMessage, event: string, node: MemberNode | undefined): Uint8Array {
    if (!isDocument(message)) return this.documents.texts.blob(message.payload) ?? message.payload;
    const { answer, masker, call } = this.documents;
    const payloadNode = node?.p === undefined ? node : nodeAt(answer.service, node.m?.[node.p]);
    const fields = masker.fields(call.service, call.operation)?.member(event);
    return maskedPayload(message.payload, this.documents, {
      node: payloadNode,
      fields: node?.p === undefined ? fields : fields?.member(node.p),
      free: false,
    });
  }

  private headers({ headers }: EventMessage): EventMessage['headers'] {
    const { texts } = this.documents;
    return new Map(
      [...headers].map(([name, header]): [string, EventHeaderValue] => {
        if (header.type === 'string')
          return [name, { type: 'string', value: texts.text(header.value) ?? header.value }];
        if (header.type === 'bytes') return [name, { type: 'bytes', value: texts.blob(header.value) ?? header.value }];
        return [name, header];
      }),
    );
  }
}

/** Texts and bytes are said to be such; everything else is a document of the protocol. */
const isDocument = ({ headers }: Pick<EventMessage, 'headers'>): boolean => {
  const type = headers.get(':content-type');
  return !(type?.type === 'string' && /octet-stream|text\/plain/i.test(type.value));
};

const indexIn = (payload: Uint8Array, member: string): string | undefined => {
  try {
    const document: unknown = JSON.parse(Buffer.from(payload).toString());
    const value: unknown =
      typeof document === 'object' && document !== null ? Reflect.get(document, member) : undefined;
    return typeof value === 'number' ? String(value) : undefined;
  } catch {
    return undefined; // every text of the event ends
  }
};

const understood = <T>(step: () => T): T => {
  try {
    return step();
  } catch (error) {
    if (error instanceof GatewayError && error.code !== 'RESPONSE_NOT_UNDERSTOOD')
      throw notUnderstood('the events of an answer are broken', error);
    throw error;
  }
};

async function* maskedEvents(body: Body, documents: Documents, tally: Tally): Body {
  const decoder = new EventStreamDecoder();
  const masker = new EventMasker(documents, tally);
  for await (const piece of body)
    for (const message of understood(() => decoder.push(piece)))
      for (const masked of masker.message(message)) yield encodeEvent(masked);
  understood(() => decoder.finish());
  for (const masked of masker.finish()) yield encodeEvent(masked);
}

export const eventResponse = (head: ResponseHead, body: Body, documents: Documents, tally: Tally): MaskedResponse => {
  const headers = maskHeaders(head.headers, documents.answer, documents.texts);
  if (headers.some(([name, value]) => name === 'content-encoding' && value !== 'identity'))
    throw notUnderstood('the events of an answer are encoded once more');
  return {
    head: { status: head.status, headers: without(headers, (name) => name === 'content-length') },
    body: maskedEvents(body, documents, tally),
    result: tally,
  };
};

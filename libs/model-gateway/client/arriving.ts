/** What a request brings beside its body: who asks, and which headers go on to the model's host. */
import { timingSafeEqual } from 'node:crypto';
import { GatewayError } from '@sallyport/core';
import { type Headers, headerOf, type Incoming, type RequestHead, requestHeadOf } from '@sallyport/http';

/** @throws GatewayError PROTOCOL_VIOLATION */
export function headOf(incoming: Incoming): RequestHead {
  const head = requestHeadOf(incoming, {
    once: ['x-api-key', 'content-encoding', 'anthropic-version', 'transfer-encoding'],
    keeps: (name) => name === 'x-api-key' || name.startsWith('anthropic-') || name.startsWith('openai-'),
    hint: 'ask as the API’s own SDKs do',
  });
  const override = overrides.find((name) => headerOf(head.headers, name) !== undefined);
  if (override !== undefined)
    throw new GatewayError('PROTOCOL_VIOLATION', `the header "${override}" says another method than the request`, {
      hint: 'send the method that is meant',
    });
  return head;
}

const overrides = ['x-http-method-override', 'x-http-method', 'x-method-override', 'x-original-url', 'x-rewrite-url'];

const shapeOfTicket = /^spt_[A-Za-z0-9_-]{40,64}$/;

/**
 * The ticket, as `Authorization: Bearer` or as `x-api-key`: an API key helper sends it as both.
 * @throws GatewayError UNAUTHENTICATED, TICKET_INVALID
 */
export function ticketOf(headers: Headers): string {
  const authorization = headerOf(headers, 'authorization');
  const key = headerOf(headers, 'x-api-key');
  const bearer = authorization === undefined ? undefined : /^bearer +(\S+)$/i.exec(authorization)?.[1];
  const shown = [key, authorization === undefined ? undefined : (bearer ?? '')].filter((each) => each !== undefined);
  const [ticket, other = ticket] = shown;
  if (ticket === undefined || other === undefined)
    throw new GatewayError('UNAUTHENTICATED', 'the request shows no ticket', { hint: getOne });
  if (!shapeOfTicket.test(ticket) || !same(ticket, other))
    throw new GatewayError('TICKET_INVALID', 'what the request shows is not a ticket of this gateway', {
      hint: `the key of the API stays with the agent; ${getOne}`,
    });
  return ticket;
}

const getOne = 'get a ticket: "sallyport connect <connection>"';

const same = (left: string, right: string): boolean =>
  left.length === right.length && timingSafeEqual(Buffer.from(left), Buffer.from(right));

/** Ours to answer or to say anew: who asks, the way here, and how the body is framed. */
const ours = new Set([
  'accept-encoding',
  'authorization',
  'content-encoding',
  'content-length',
  'cookie',
  'cookie2',
  'expect',
  'forwarded',
  'host',
  'via',
  'x-api-key',
  'x-real-ip',
]);
const ofProxies = /^(?:x-forwarded-|proxy-|x-sallyport-|cf-|x-envoy-)/;

/** A ticket or a witness token: this request's own, or another one. */
const anyOfOurs = /sp[tw]_[A-Za-z0-9_-]{40}/;

/** Is there a credential of this gateway in it? It has nothing to say to the model's host. */
export const hasCredential = (text: string): boolean => anyOfOurs.test(text);

/** Everything else passes as it came, unknown or not. */
export const passing = (headers: Headers): Headers =>
  headers.filter(([name, value]) => !ours.has(name) && !ofProxies.test(name) && !hasCredential(value));

/** What the control plane says of a call, checked for its form: what it means is checked by whoever uses it. */
import type { OperationId } from '@sallyport/core';
import { GatewayError } from '@sallyport/core';
import { decodeJson, type Fields, fieldsOf, isHeader, optional, size, text, texts } from '@sallyport/http';
import type { Attribution, CallHead, OpenHead } from '../wire.js';

const methodShape = /^[A-Z]{1,16}$/;
const regionShape = /^[a-z0-9-]{1,64}$/;
const hashShape = /^[0-9a-f]{64}$/;
const mostHeaders = 256;

/** @throws PROTOCOL_VIOLATION */
export function parseCallHead(bytes: Uint8Array): CallHead {
  const head = fieldsOf(decodeJson<unknown>(bytes));
  const headers = head['headers'];
  if (!Array.isArray(headers) || headers.length > mostHeaders || !headers.every(isHeader))
    throw violation('the headers of a call are not names and values');
  const addressing = fieldsOf(head['addressing']);
  const path = text(head, 'path');
  if (!path.startsWith('/')) throw violation('the path of a call does not begin with a slash');
  return {
    method: text(head, 'method', methodShape),
    path,
    query: text(head, 'query'),
    headers,
    addressing: { ...optional(addressing, 'bucket', text), ...optional(addressing, 'service', text) },
    region: text(head, 'region', regionShape),
    signingName: text(head, 'signingName', regionShape),
    service: text(head, 'service'),
    operation: text(head, 'operation'),
    actions: texts(head, 'actions'),
    resources: texts(head, 'resources'),
    ...optional(head, 'length', size),
    ...optional(head, 'bodySha256', (fields, name) => text(fields, name, hashShape)),
    more: head['more'] === true,
    held: head['held'] === true,
    ...(head['record'] === undefined ? {} : { record: text(head, 'record') as OperationId }),
  };
}

/** @throws PROTOCOL_VIOLATION */
export function parseOpenHead(bytes: Uint8Array): OpenHead {
  const head = fieldsOf(decodeJson<unknown>(bytes));
  return {
    regions: texts(head, 'regions'),
    accounts: texts(head, 'accounts'),
    ...optional(head, 'role', text),
    attribution: attributionOf(fieldsOf(head['attribution'])),
  };
}

const attributionOf = (fields: Fields): Attribution => ({
  session: text(fields, 'session'),
  person: text(fields, 'person'),
  ...optional(fields, 'aiSession', text),
  ...optional(fields, 'turn', text),
  ...optional(fields, 'toolCall', text),
});

const violation = (message: string): GatewayError => new GatewayError('PROTOCOL_VIOLATION', message);

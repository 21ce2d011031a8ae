/** What the control plane says of a call, checked for its form: what it means is checked by whoever uses it. */
import type { OperationId } from '@sallyport/core';
import { GatewayError } from '@sallyport/core';
import { decodeJson, fieldsOf, isHeader, optional, size, text } from '@sallyport/http';
import { modelApiNames } from '@sallyport/models';
import type { CallHead, OpenHead, VerdictHead } from '../wire.js';

const mostHeaders = 256;
/** Encoded bytes in the name of a model only: gate one has decoded it once, and has refused what is no name. */
const pathShape = /^(\/(?:[A-Za-z0-9._~:@-]|%[0-9A-F]{2})+)+$/;
const queryShape = /^[\x21-\x7e]{0,2048}$/;

/** @throws PROTOCOL_VIOLATION */
export function parseCallHead(bytes: Uint8Array): CallHead {
  const head = fieldsOf(decodeJson<unknown>(bytes));
  const { headers, method } = head;
  if (!Array.isArray(headers) || headers.length > mostHeaders || !headers.every(isHeader))
    throw violation('the headers of a call are not names and values');
  if (method !== 'GET' && method !== 'POST') throw violation('the method of a call is neither GET nor POST');
  const path = text(head, 'path', pathShape);
  if (path.split('/').some((step) => step === '.' || step === '..'))
    throw violation('the path of a call has dots in it');
  const api = head['api'] === undefined ? undefined : modelApiNames.find((name) => name === head['api']);
  if (head['api'] !== undefined && api === undefined)
    throw violation('a call is of an API that the agent does not know');
  return {
    method,
    path,
    query: text(head, 'query', queryShape),
    headers,
    ...(api === undefined ? {} : { api }),
    ...optional(head, 'model', text),
    conversation: text(head, 'conversation'),
    ...optional(head, 'length', size),
    more: head['more'] === true,
    ...(head['record'] === undefined ? {} : { record: text(head, 'record') as OperationId }),
  };
}

/** @throws PROTOCOL_VIOLATION */
export const parseOpenHead = (bytes: Uint8Array): OpenHead => ({
  person: text(fieldsOf(decodeJson<unknown>(bytes)), 'person'),
});

/** @throws PROTOCOL_VIOLATION */
export function parseVerdict(bytes: Uint8Array): VerdictHead {
  const head = fieldsOf(decodeJson<unknown>(bytes));
  const number = size(head, 'number');
  if (head['outcome'] === 'allow') return { number, outcome: 'allow' };
  if (head['outcome'] === 'deny') return { number, outcome: 'deny', text: text(head, 'text') };
  throw violation('a verdict is neither yes nor no');
}

const violation = (message: string): GatewayError => new GatewayError('PROTOCOL_VIOLATION', message);

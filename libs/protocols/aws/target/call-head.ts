/** What the control plane says of a call, checked for its form: what it means is checked by whoever uses it. */
import type { OperationId } from '@sallyport/core';
import { GatewayError } from '@sallyport/core';
import { type Attribution, type CallHead, decodeJson, type OpenHead } from '../heads.js';

type Fields = Readonly<Record<string, unknown>>;

const methodShape = /^[A-Z]{1,16}$/;
const regionShape = /^[a-z0-9-]{1,64}$/;
const hashShape = /^[0-9a-f]{64}$/;
const most = { headers: 256, listed: 10_000 };

/** @throws PROTOCOL_VIOLATION */
export function parseCallHead(bytes: Uint8Array): CallHead {
  const head = fieldsOf(decodeJson<unknown>(bytes));
  const headers = head['headers'];
  if (!Array.isArray(headers) || headers.length > most.headers || !headers.every(isHeader))
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

const fieldsOf = (value: unknown): Fields => {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw violation('a head is not made of fields');
};

function text(fields: Fields, name: string, shape?: RegExp): string {
  const value = fields[name];
  if (typeof value === 'string' && (shape?.test(value) ?? true)) return value;
  throw violation(`"${name}" of a head is not what it must be`);
}

function texts(fields: Fields, name: string): string[] {
  const value = fields[name];
  if (Array.isArray(value) && value.length <= most.listed && value.every((each) => typeof each === 'string'))
    return value;
  throw violation(`"${name}" of a head is no list of texts`);
}

function size(fields: Fields, name: string): number {
  const value = fields[name];
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw violation(`"${name}" of a head is no number of bytes`);
}

const optional = <Name extends string, Value>(
  fields: Fields,
  name: Name,
  read: (fields: Fields, name: Name) => Value,
): { readonly [Key in Name]?: Value } => {
  if (fields[name] === undefined || fields[name] === null) return {};
  return { [name]: read(fields, name) } as { [Key in Name]: Value };
};

const isHeader = (value: unknown): value is [string, string] =>
  Array.isArray(value) && value.length === 2 && value.every((each) => typeof each === 'string');

const violation = (message: string): GatewayError => new GatewayError('PROTOCOL_VIOLATION', message);

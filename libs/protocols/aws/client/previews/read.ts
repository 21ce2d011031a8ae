/** Reads of AWS that the gateway makes itself, each a call like any other: described, decided, recorded, masked. */
import type { AwsRequest, SignedScope } from '@sallyport/aws';

/** A parameter that is a text; empty where it is none. */
export const inputText = (input: Readonly<Record<string, unknown>>, name: string): string => {
  const value = input[name];
  return typeof value === 'string'
    ? value
    : typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : '';
};

export interface Read {
  readonly request: AwsRequest;
  readonly scope: SignedScope;
}

const encoded = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

const pairs = (values: Readonly<Record<string, string>>): string =>
  Object.entries(values)
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .join('&');

/** Of a JSON service. */
export const jsonRead = (scope: SignedScope, target: string, input: object, version = '1.1'): Read => ({
  scope,
  request: {
    method: 'POST',
    path: '/',
    query: '',
    headers: [
      ['content-type', `application/x-amz-json-${version}`],
      ['x-amz-target', target],
    ],
    body: Buffer.from(JSON.stringify(input)),
  },
});

/** Of a query or EC2 service. */
export const formRead = (
  scope: SignedScope,
  action: string,
  version: string,
  input: Readonly<Record<string, string>>,
): Read => ({
  scope,
  request: {
    method: 'POST',
    path: '/',
    query: '',
    headers: [['content-type', 'application/x-www-form-urlencoded; charset=utf-8']],
    body: Buffer.from(pairs({ Action: action, Version: version, ...input })),
  },
});

/** Of a REST service. */
export const getRead = (
  scope: SignedScope,
  segments: readonly string[],
  query: Readonly<Record<string, string>> = {},
  method: 'GET' | 'HEAD' = 'GET',
): Read => ({
  scope,
  request: {
    method,
    path: `/${segments.map(encoded).join('/')}`,
    query: pairs(query),
    headers: [],
    body: Buffer.alloc(0),
  },
});

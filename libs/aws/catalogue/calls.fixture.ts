/** Requests written by hand, for the tests of this folder. */
import type { Addressing, AwsRequest, Identification, Identified } from '../types.js';
import { identify, loadCatalogue } from './index.js';

export const catalogue = loadCatalogue();

export interface Call {
  /** Of the credential scope. */
  readonly as: string;
  /** `GET /path?query`. */
  readonly line: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: string | Uint8Array | null;
  readonly addressing?: Addressing;
}

export const requestOf = ({ line, headers = [], body = '' }: Call): AwsRequest => {
  const [method = '', target = ''] = line.split(' ');
  const [path = '', query = ''] = target.split(/\?(.*)/s);
  return { method, path, query, headers, ...(body !== null && { body: Buffer.from(body) }) };
};

export const identified = (call: Call): Identification =>
  identify(catalogue, requestOf(call), { region: 'eu-west-1', signingName: call.as }, call.addressing ?? {});

/** `s3 GetObject`, or why not. */
export const named = (call: Call): string => {
  const found = identified(call);
  return found.identified ? `${found.service} ${found.operation}` : `no: ${found.reason}`;
};

export const inputOf = (call: Call): Identified['input'] => {
  const found = identified(call);
  if (!found.identified) throw new Error(found.reason);
  return found.input;
};

export const jsonCall = (as: string, target: string, body: string, type = 'application/x-amz-json-1.0'): Call => ({
  as,
  line: 'POST /',
  headers: [
    ['content-type', type],
    ['x-amz-target', target],
  ],
  body,
});

export const formCall = (as: string, body: string): Call => ({
  as,
  line: 'POST /',
  headers: [['content-type', 'application/x-www-form-urlencoded; charset=utf-8']],
  body,
});

export const s3 = (line: string, rest: Omit<Call, 'as' | 'line'> = {}): Call => ({ as: 's3', line, ...rest });

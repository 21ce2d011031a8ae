/** What is asked, signed as the way wants it; no two requests are the same. */
import { createHash } from 'node:crypto';
import { type SigningCredential, SigningKeyCache, sign } from '@sallyport/aws';
import type { Connection } from './connection.js';
import { block } from './text.js';

export const callNames = ['GetItem', 'PutItem', 'GetObject', 'PutObject'] as const;
export type CallName = (typeof callNames)[number];

export interface Call {
  readonly name: CallName;
  /** Bytes of an object. */
  readonly size: number;
}

type Body = Parameters<Connection['send']>[1];

export interface Prepared {
  readonly head: string;
  readonly body: Body;
  /** Bytes of an answer's body; undefined where they do not matter. */
  readonly expects: number | undefined;
}

const region = 'eu-west-1';
const nothing = new Uint8Array(0);
let count = 0;

export class Calls {
  readonly #keys = new SigningKeyCache();

  constructor(
    private readonly host: string,
    private readonly credential: SigningCredential,
  ) {}

  prepared({ name, size }: Call): Prepared {
    count += 1;
    if (name === 'GetItem') return this.#dynamo(name, { Key: { id: { S: `order-${count}` } } });
    if (name === 'PutItem')
      return this.#dynamo(name, {
        Item: { id: { S: `order-${count}` }, note: { S: 'to be sent on by Friday' }, total: { N: String(count) } },
      });
    const request = { path: `/bench/${size}/parcel-${count}.txt`, service: 's3', payload: 'UNSIGNED-PAYLOAD' };
    if (name === 'GetObject')
      return { head: this.#head({ ...request, method: 'GET', length: 0 }), body: nothing, expects: size };
    const body = size <= block.length ? block.subarray(0, size) : { block, length: size };
    return { head: this.#head({ ...request, method: 'PUT', length: size }), body, expects: 0 };
  }

  #dynamo(operation: string, input: object): Prepared {
    const body = Buffer.from(JSON.stringify({ TableName: 'orders', ...input }));
    const payload = createHash('sha256').update(body).digest('hex');
    const headers: [string, string][] = [
      ['content-type', 'application/x-amz-json-1.0'],
      ['x-amz-target', `DynamoDB_20120810.${operation}`],
    ];
    const request = { path: '/', service: 'dynamodb', method: 'POST', payload, length: body.length, headers };
    return { head: this.#head(request), body, expects: undefined };
  }

  #head({ method, path, service, payload, length, headers = [] }: Unsigned): string {
    const own: [string, string][] = [['host', this.host], ['content-length', String(length)], ...headers];
    const options = { region, service, payload, now: new Date(), keys: this.#keys };
    const signed = sign({ method, path, query: '', headers: own }, this.credential, options);
    const lines = signed.headers.map(([name, value]) => `${name}: ${value}\r\n`);
    return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
  }
}

interface Unsigned {
  readonly method: string;
  readonly path: string;
  readonly service: string;
  readonly payload: string;
  readonly length: number;
  readonly headers?: readonly [string, string][];
}

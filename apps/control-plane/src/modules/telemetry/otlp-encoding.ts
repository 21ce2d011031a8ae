import type { GatewayError } from '@sallyport/core';
import type { Request, Response } from 'express';
import protobuf from 'protobufjs/minimal.js';
import { problems } from '../../platform/index.js';

export type Encoding = 'json' | 'protobuf';

/** A success that left some records out. */
export interface Partial {
  readonly rejected: number;
  readonly message: string;
}

/** What the body is written in; the answer is written in the same. */
export function encodingOf(request: Request): Encoding | undefined {
  if (request.is('application/x-protobuf') !== false) return 'protobuf';
  return request.is('application/json') === false ? undefined : 'json';
}

const types: Readonly<Record<Encoding, string>> = {
  json: 'application/json',
  protobuf: 'application/x-protobuf',
};

const send = (response: Response, encoding: Encoding, body: object | Uint8Array): void => {
  response.setHeader('content-type', types[encoding]);
  response.end(encoding === 'json' ? JSON.stringify(body) : body);
};

const rejectedName = { logs: 'rejectedLogRecords', traces: 'rejectedSpans', metrics: 'rejectedDataPoints' } as const;

/** The answer to an export that was taken. */
export function sendTaken(
  response: Response,
  encoding: Encoding,
  { signal, partial }: { signal: keyof typeof rejectedName; partial?: Partial | undefined },
): void {
  response.status(200);
  if (partial === undefined) return send(response, encoding, encoding === 'json' ? {} : new Uint8Array());
  const { rejected, message } = partial;
  if (encoding === 'json')
    return send(response, encoding, {
      partialSuccess: { [rejectedName[signal]]: String(rejected), errorMessage: message },
    });
  const writer = protobuf.Writer.create().uint32(0x0a).fork();
  writer.uint32(0x08).int64(rejected).uint32(0x12).string(message).ldelim();
  send(response, encoding, writer.finish());
}

// google.rpc.Code
const codes: Readonly<Record<number, number>> = {
  400: 3,
  401: 16,
  403: 7,
  404: 5,
  413: 8,
  429: 8,
  500: 13,
  503: 14,
  504: 4,
};
const unknownCode = 2;

/** The same as a problem, as a google.rpc.Status. */
export function sendStatus(response: Response, encoding: Encoding, error: GatewayError): void {
  const { status } = problems[error.code];
  const code = codes[status] ?? unknownCode;
  response.status(status);
  if (encoding === 'json') return send(response, encoding, { code, message: error.message });
  send(
    response,
    encoding,
    protobuf.Writer.create().uint32(0x08).int32(code).uint32(0x12).string(error.message).finish(),
  );
}

/**
 * A stand-in for AWS that answers at once and keeps nothing, so that what is measured is the way to it: DynamoDB with a fixed
 * item, S3 with objects of the size that their key begins with, STS with an account. A program of its own, so that its
 * work is not the client's. Started with a file that holds its `UpstreamEnd`.
 */
import { readFileSync } from 'node:fs';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { block } from './text.js';

export interface UpstreamEnd {
  readonly port: number;
  readonly cert: string;
  readonly key: string;
}

const item = JSON.stringify({
  Item: {
    id: { S: 'order-1024' },
    note: { S: 'the parcel waits in row 7 of the hall, and is to be sent on by Friday' },
    lines: { L: [{ M: { article: { S: 'kettle' }, count: { N: '2' } } }, { M: { article: { S: 'cup' } } }] },
    isSent: { BOOL: false },
  },
});
const account = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/bench</Arn><UserId>AIDABENCH</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`;

const whole = (response: ServerResponse, type: string, text: string): void => {
  const requestId = { 'x-amzn-requestid': '0d9f6b1e-0000-4000-8000-000000000000' };
  response.writeHead(200, { ...requestId, 'content-type': type, 'content-length': Buffer.byteLength(text) }).end(text);
};

function stream(response: ServerResponse, size: number): void {
  response.writeHead(200, {
    'x-amz-request-id': 'BENCH',
    'content-type': 'text/plain',
    'content-length': size,
    etag: '"9b2cf535f27731c974343645a3985328"',
  });
  let left = size;
  const more = (): void => {
    while (left > 0) {
      const piece = left < block.length ? block.subarray(0, left) : block;
      left -= piece.length;
      if (!response.write(piece)) return void response.once('drain', more);
    }
    response.end();
  };
  more();
}

const answer: RequestListener = (request: IncomingMessage, response: ServerResponse): void => {
  request.resume();
  const [, size] = /^\/bench\/(\d+)\//.exec(request.url ?? '') ?? [];
  if (request.method === 'GET') return stream(response, Number(size));
  request.once('end', () => {
    if (size !== undefined) response.writeHead(200, { 'x-amz-request-id': 'BENCH', 'content-length': 0 }).end();
    else if (request.headers['x-amz-target'] === undefined) whole(response, 'text/xml', account);
    else {
      const isRead = String(request.headers['x-amz-target']).endsWith('.GetItem');
      whole(response, 'application/x-amz-json-1.0', isRead ? item : '{}');
    }
  });
};

const { port, cert, key } = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as UpstreamEnd;
createServer({ cert, key, keepAliveTimeout: 60_000 }, answer).listen(port, '127.0.0.1');

/** Clients that hold a ticket and mean harm: what they send is signed as it must be, and is not what anybody expects. */
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { sign } from '@sallyport/aws';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { awsGateway } from '../testing/aws-gateway.js';

/** Answers by the path, before it has heard the body; writes down what comes. */
const heard = new Map<string, Buffer>();
let upstream: Server;
let gateway: Awaited<ReturnType<typeof awsGateway>>;
let session: ClientHttp2Session;
const sockets = new Set<Socket>();

beforeAll(async () => {
  upstream = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    let seen = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      const isFirst = seen.length === 0;
      seen = Buffer.concat([seen, chunk]);
      const name = /^\w+ \/bucket\/(\w+)/.exec(seen.toString('latin1'))?.[1] ?? '';
      heard.set(name, seen);
      if (seen.includes('Action=GetCallerIdentity'))
        socket.end('HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
      if (isFirst && name === 'early')
        socket.write('HTTP/1.1 403 Forbidden\r\ncontent-type: application/xml\r\ncontent-length: 8\r\n\r\n<Error/>');
      if (name === 'broken') socket.destroy();
      if (name === 'late' && (seen.toString('latin1').split('\r\n\r\n')[1]?.length ?? 0) >= large)
        socket.end('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
    });
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  gateway = await awsGateway({ settings: { endpoints: { default: url } } });
  session = connect(gateway.endpoint, { ca: gateway.ca });
});
afterAll(async () => {
  session?.destroy();
  await gateway?.[Symbol.asyncDispose]();
  for (const socket of sockets) socket.destroy();
  upstream.close();
});

/** Too much to be read before it is decided. */
const large = 2_000_000;
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

interface Put {
  readonly path: string;
  readonly length: number;
}

/** An upload over HTTP/2 whose body is not signed, left open: there an answer does not end what the client sends. */
function put({ path, length }: Put): { request: ClientHttp2Stream; answer: Promise<{ status: number; body: string }> } {
  const fixed: [string, string][] = [
    ['host', `localhost:${gateway.port}`],
    ['content-length', String(length)],
  ];
  const made = sign({ method: 'PUT', path, query: '', headers: fixed }, gateway.credentials, {
    region: gateway.region,
    service: 's3',
    now: new Date(),
    payload: 'UNSIGNED-PAYLOAD',
  });
  const { host: _, ...headers } = Object.fromEntries(made.headers);
  const request = session.request({ ':method': 'PUT', ':path': path, ...headers });
  const answer = new Promise<{ status: number; body: string }>((resolve, reject) => {
    request.on('response', (head) => {
      let body = '';
      request.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      request.on('end', () => resolve({ status: head[':status']!, body }));
    });
    request.on('error', reject);
  });
  answer.catch(() => undefined);
  return { request, answer };
}

test('the rest of an upload that was answered early goes into no other call', async () => {
  const early = put({ path: '/bucket/early', length: large });
  await inPieces(early.request, 'A', 4);
  expect((await early.answer).status).toBe(403);
  await pause(2_300); // the gateway has stopped waiting for the rest, and its way through the agent is free again
  const late = put({ path: '/bucket/late', length: large });
  late.request.write('B'.repeat(large / 2));
  await inPieces(early.request, 'A', 4);
  late.request.end('B'.repeat(large / 2));
  expect(await late.answer).toEqual({ status: 200, body: '' });
  expect(heard.get('late')!.toString('latin1').split('\r\n\r\n')[1] === 'B'.repeat(large)).toBe(true);
  early.request.close();
});

test('a call that has failed is told so before all of its body has come', async () => {
  const { request, answer } = put({ path: '/bucket/broken', length: large });
  await inPieces(request, 'A', 4);
  expect(await answer).toMatchObject({ status: 503, body: expect.stringContaining('cannot be reached') as string });
  request.close();
});

/** Each a piece of its own for whoever reads. */
async function inPieces(request: ClientHttp2Stream, text: string, count: number): Promise<void> {
  for (let sent = 0; sent < count; sent += 1) {
    request.write(text);
    await pause(100);
  }
}

test.each([
  ['/arn%3Aaws%3As3%3Aeu-west-1%3A111122223333%3Aaccesspoint%2Fap/key', 'given by an ARN'],
  ['/orders-0123456789abcdef0123456789abcdef-s3alias/key', 'an access point by its alias'],
  ['/logs--euw1-az1--x-s3/key', 'a directory bucket'],
])('what stands for a bucket of another name is refused, in words that say so: %s', async (path, reason) => {
  const before = heard.size;
  const { request, answer } = put({ path, length: 0 });
  request.end();
  const { status, body } = await answer;
  expect([status, body]).toEqual([400, expect.stringContaining(reason)]);
  expect(body).toContain('name the bucket');
  expect(heard.size).toBe(before);
});

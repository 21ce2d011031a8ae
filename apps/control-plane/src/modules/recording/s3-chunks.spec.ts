import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { OperationId, SessionId } from '@sallyport/core';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { S3Chunks } from './s3-chunks.js';

/** As much of S3 as the recorder uses: PUT and GET of objects, path style. */
const objects = new Map<string, Buffer>();
let down = false;
let server: Server;
let store: S3Chunks;

beforeAll(async () => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
  server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const key = new URL(request.url ?? '/', 'http://s3').pathname;
      if (down) response.writeHead(503).end();
      else if (request.method === 'PUT' && objects.has(key) && request.headers['if-none-match'] === '*')
        response.writeHead(412).end();
      else if (request.method === 'PUT') {
        objects.set(key, Buffer.concat(parts));
        response.writeHead(200).end();
      } else if (objects.has(key)) response.writeHead(200).end(objects.get(key));
      else response.writeHead(404, { 'content-type': 'application/xml' }).end('<Error><Code>NoSuchKey</Code></Error>');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  store = new S3Chunks({
    bucket: 'evidence',
    prefix: 'recordings/',
    region: 'us-east-1',
    endpoint: `http://127.0.0.1:${port}`,
    forcePathStyle: true,
  });
});
beforeEach(() => {
  down = false;
  objects.clear();
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await new Promise((resolve) => server.close(resolve));
});

const session = 'session-1' as SessionId;
const operation = 'operation-1' as OperationId;
const chunk = (number: number, text: string) => ({
  session,
  operation,
  number,
  at: new Date(0),
  payload: Buffer.from(text),
});
const read = async (): Promise<string[]> => {
  const found: string[] = [];
  for await (const { number, payload } of store.read(session, operation))
    found.push(`${number} ${Buffer.from(payload).toString()}`);
  return found;
};

describe('recordings in object storage', () => {
  test('come back in order, one object for each chunk', async () => {
    await Promise.all([store.put(chunk(1, 'b')), store.put(chunk(0, 'a')), store.put(chunk(2, 'c'))]);
    expect(await read()).toEqual(['0 a', '1 b', '2 c']);
    expect([...objects.keys()].sort()[0]).toBe('/evidence/recordings/session-1/operation-1/00000000');
  });

  test('are never written over', async () => {
    await store.put(chunk(0, 'first'));
    await expect(store.put(chunk(0, 'second'))).rejects.toMatchObject({ code: 'RECORDING_UNAVAILABLE' });
    expect(await read()).toEqual(['0 first']);
  });

  test('refuse while the storage is down, and work again afterwards', async () => {
    down = true;
    await expect(store.put(chunk(0, 'a'))).rejects.toMatchObject({ code: 'RECORDING_UNAVAILABLE' });
    await expect(read()).rejects.toMatchObject({ code: 'RECORDING_UNAVAILABLE' });
    down = false;
    await store.put(chunk(0, 'a'));
    expect(await read()).toEqual(['0 a']);
  });

  test('refuse what would not fit into the bound instead of buffering it', async () => {
    const big = { ...chunk(0, ''), payload: Buffer.alloc(65 * 1024 * 1024) };
    await expect(store.put(big)).rejects.toMatchObject({ code: 'RECORDING_UNAVAILABLE' });
    expect(objects.size).toBe(0);
  });
});

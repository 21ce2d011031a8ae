/** The client on real sockets: what is shared by calls must not let one of them read or send what is another's. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { wholeAnswer } from './answer.js';
import { type UpstreamAnswer, UpstreamClient, type UpstreamRequest } from './client.js';

const deadlines = { connect: 5_000, answer: 5_000, idle: 5_000, total: 20_000 };
const ok = (body = 'ok', more = ''): string =>
  `HTTP/1.1 200 OK\r\n${more}content-length: ${body.length}\r\n\r\n${body}`;

/** Answers each request that has no body by what its script says of the path. */
class Target {
  readonly sockets: Socket[] = [];
  readonly asked: string[] = [];
  script: (path: string, socket: Socket) => void = (_path, socket) => socket.write(ok());
  readonly #server: Server = createServer((socket) => {
    this.sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      for (const [, path = ''] of bytes.toString('latin1').matchAll(/^GET (\S+) HTTP/gm)) {
        this.asked.push(path);
        this.script(path, socket);
      }
    });
  });

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get endpoint(): UpstreamRequest['endpoint'] {
    return { tls: false, host: '127.0.0.1', port: (this.#server.address() as AddressInfo).port };
  }

  close(): void {
    this.#server.close();
    for (const socket of this.sockets) socket.destroy();
  }
}

let target: Target;
let client: UpstreamClient;

beforeEach(async () => {
  target = new Target();
  await target.listen();
  client = new UpstreamClient({ connections: 2, deadlines });
});
afterEach(() => {
  client.close();
  target.close();
});

const send = (path: string, more: Partial<UpstreamRequest> = {}): Promise<UpstreamAnswer> =>
  client.send({
    endpoint: target.endpoint,
    method: 'GET',
    path,
    headers: [['host', 'target']],
    body: new Uint8Array(0),
    repeatable: false,
    signal: new AbortController().signal,
    ...more,
  });
const ask = async (path: string, more: Partial<UpstreamRequest> = {}): Promise<string> =>
  (await wholeAnswer(await send(path, more), 1_000_000)).toString();

test('no more connections are open than there may be, and whoever waits gets the next one that is free', async () => {
  const held: Socket[] = [];
  target.script = (_path, socket) => void held.push(socket);
  const asked = ['/1', '/2', '/3', '/4'].map((path) => ask(path));
  await expect.poll(() => held).toHaveLength(2);
  await sleep(20);
  expect(target.asked).toEqual(['/1', '/2']);

  target.script = (path, socket) => socket.write(ok(path));
  for (const [index, socket] of held.entries()) socket.write(ok(`/${index + 1}`));

  expect(await Promise.all(asked)).toEqual(['/1', '/2', '/3', '/4']);
  expect(target.sockets).toHaveLength(2);
});

test('one that waits for a connection leaves with its call, and the next one gets it', async () => {
  const held: Socket[] = [];
  target.script = (_path, socket) => void held.push(socket);
  const first = [ask('/1'), ask('/2')];
  const leaving = new AbortController();
  const left = ask('/3', { signal: leaving.signal });
  const last = ask('/4');
  await expect.poll(() => held).toHaveLength(2);
  leaving.abort();
  await expect(left).rejects.toMatchObject({ code: 'CANCELLED', details: { progress: 'unsent' } });

  target.script = (path, socket) => socket.write(ok(path));
  for (const socket of held) socket.write(ok());

  expect(await Promise.all([...first, last])).toEqual(['ok', 'ok', '/4']);
  expect(target.asked).toEqual(['/1', '/2', '/4']);
});

test('connections that are idle at one place hold nobody up at another', async () => {
  const other = new Target();
  await other.listen();
  try {
    await Promise.all([ask('/1'), ask('/2')]);
    await expect.poll(() => target.sockets).toHaveLength(2);

    expect(await ask('/3', { endpoint: other.endpoint })).toBe('ok');
    await expect.poll(() => target.sockets.filter(({ destroyed }) => destroyed)).toHaveLength(1);
  } finally {
    other.close();
  }
});

test('what follows an answer is never the next one’s', async () => {
  target.script = (_path, socket) => socket.write(`${ok('mine')}${ok('of nobody')}`);
  expect(await ask('/1')).toBe('mine');

  target.script = (path, socket) => socket.write(ok(path));
  expect(await ask('/2')).toBe('/2');
  expect(target.sockets).toHaveLength(2);
});

test('an answer that comes unasked closes its connection', async () => {
  expect(await ask('/1')).toBe('ok');
  const [kept] = target.sockets;
  kept!.write(ok('of nobody'));
  await once(kept!, 'close');

  target.script = (path, socket) => socket.write(ok(path));
  expect(await ask('/2')).toBe('/2');
});

test.each([
  ['says that it closes', 'connection: close\r\n'],
  ['keeps it for no time', 'keep-alive: timeout=1\r\n'],
])('a connection is not used again where the other end %s', async (_what, header) => {
  target.script = (_path, socket) => socket.write(ok('ok', header));
  await ask('/1');
  await ask('/2');

  expect(target.sockets).toHaveLength(2);
});

test('an answer that ends with its connection is whole, and one that is broken off is none', async () => {
  target.script = (path, socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\nto the end');
    if (path === '/whole') socket.end();
    else setTimeout(() => socket.resetAndDestroy(), 20);
  };

  expect(await ask('/whole')).toBe('to the end');
  await expect(ask('/reset')).rejects.toMatchObject({ code: 'TARGET_UNREACHABLE', details: { progress: 'sent' } });
});

test('an answer of which nobody reads the rest takes its connection with it', async () => {
  target.script = (_path, socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nabc');
  const answer = await send('/1');
  const [socket] = target.sockets;
  const closed = once(socket!, 'close');

  answer.close();
  await closed;
});

async function* pieces(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

test.each([
  ['longer', ['abc', 'GET /of-nobody HTTP/1.1\r\n\r\n']],
  ['shorter', ['a']],
])('a body that is %s than the call says is not sent as one', async (_what, texts) => {
  const put = { method: 'PUT', headers: [['content-length', '3']], body: pieces(...texts) } as const;

  await expect(ask('/1', put)).rejects.toMatchObject({
    code: 'PROTOCOL_VIOLATION',
    details: { progress: 'incomplete' },
  });
  await expect.poll(() => target.sockets.every(({ destroyed }) => destroyed)).toBe(true);
  expect(target.asked).toEqual([]);
});

test('a body without a length, or with another one, is not sent at all', async () => {
  for (const headers of [[], [['content-length', '4']]] as const)
    await expect(ask('/1', { method: 'PUT', headers, body: Buffer.from('abc') })).rejects.toMatchObject({
      code: 'PROTOCOL_VIOLATION',
    });
  expect(target.asked).toEqual([]);
});

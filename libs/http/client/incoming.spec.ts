import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, connect } from 'node:net';
import { expect, test } from 'vitest';
import { endHeaders, frame, frames, headerBlock, preface } from '../testing/http2-frames.js';
import { type Incoming, incomingOfHttp2 } from './incoming.js';

/** A request of HTTP/2 whose body goes on, and what resets it without an error (RFC 9113, 7: NO_ERROR). */
async function arrived() {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const begun = new Promise<Incoming>((resolve) => {
    const take = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, raw: string[]): void =>
      resolve(incomingOfHttp2(stream, headers, raw));
    server.on('stream', take as (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, flags: number) => void);
  });
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const block = headerBlock({
    ':method': 'PUT',
    ':path': '/a/b',
    ':scheme': 'http',
    ':authority': 'localhost',
  });
  socket.write(
    Buffer.concat([
      preface,
      frame(frames.settings, 0, Buffer.alloc(0)),
      frame(frames.headers, 1, block, endHeaders),
      frame(frames.data, 1, Buffer.alloc(1_000, 0x61)),
      frame(frames.data, 1, Buffer.alloc(1_000, 0x62)),
    ]),
  );
  return {
    incoming: await begun,
    reset: async () => {
      socket.write(frame(frames.reset, 1, Buffer.alloc(4)));
      await new Promise((resolve) => setTimeout(resolve, 50));
    },
    stop: () => {
      socket.destroy();
      server.close();
    },
  };
}

test('a client that resets a stream of HTTP/2 has gone, although it says that nothing went wrong', async () => {
  const { incoming, reset, stop } = await arrived();
  await reset();
  expect(incoming.gone.isOver).toBe(true);
  incoming.write(Buffer.from('an answer'));
  await incoming.drained(); // who waits for a client that has gone would wait for ever
  stop();
});

test('answering a stream that was reset while its body waits to be read fails nobody', async () => {
  const { incoming, reset, stop } = await arrived();
  const pieces = incoming.body.iterator({
    destroyOnReturn: false,
  }) as AsyncIterator<Buffer>;
  expect((await pieces.next()).value).toHaveLength(1_000); // and the rest is not wanted yet
  await reset();
  expect(() => incoming.head(403, [['content-length', '2']])).not.toThrow();
  incoming.write(Buffer.from('no'));
  incoming.end();
  expect(incoming.gone.isOver).toBe(true);
  stop();
});

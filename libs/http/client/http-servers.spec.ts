/** Floods of HTTP/2 (CVE-2023-44487 and its kin) cost the one who sends them his connection, and nobody else anything. */
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { expect, test } from 'vitest';
import { endHeaders, frame, frames, headerBlock, preface } from '../testing/http2-frames.js';
import { createHttpServers } from './http-servers.js';

/** The servers behind plain sockets that say they speak HTTP/2: what TLS adds is no part of this. */
async function listening() {
  const servers = createHttpServers();
  let requests = 0;
  const server = createServer((socket) => {
    servers.serve(
      Object.assign(socket, { alpnProtocol: 'h2', encrypted: true }) as unknown as TLSSocket,
      (incoming) => {
        requests += 1;
        incoming.body.resume();
        if (incoming.target === '/kept') return;
        incoming.head(200, []);
        incoming.end();
      },
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    requests: () => requests,
    stop: () => server.close(),
  };
}

const block = headerBlock({ ':method': 'GET', ':path': '/kept', ':scheme': 'http', ':authority': 'localhost' });

/** Writes as fast as it is taken, until the server hangs up or all is sent. @returns did it hang up? */
async function flooded(port: number, piece: (round: number) => Buffer, rounds: number): Promise<boolean> {
  const socket: Socket = connect(port, '127.0.0.1');
  let closed = false;
  socket.on('error', () => undefined);
  socket.on('close', () => {
    closed = true;
  });
  socket.resume();
  await once(socket, 'connect');
  socket.write(Buffer.concat([preface, frame(frames.settings, 0, Buffer.alloc(0))]));
  for (let round = 0; round < rounds && !closed; round += 1) {
    if (!socket.write(piece(round)))
      await new Promise((resolve) => socket.once('drain', resolve).once('close', resolve));
  }
  await new Promise((resolve) => setTimeout(resolve, 500));
  const hungUp = closed;
  socket.destroy();
  return hungUp;
}

async function served(port: number): Promise<number> {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  const stream = session.request({ ':path': '/' });
  const [headers] = (await once(stream, 'response')) as [Record<string, number>];
  session.destroy();
  return headers[':status']!;
}

test.each([
  [
    'requests that are reset as soon as they are made',
    2_500,
    (round: number) =>
      Buffer.concat([
        frame(frames.headers, 2 * round + 1, block, endHeaders),
        frame(frames.reset, 2 * round + 1, Buffer.alloc(4)),
      ]),
  ],
  ['settings', 0, () => frame(frames.settings, 0, Buffer.alloc(0))],
  [
    'headers that never end',
    0,
    (round: number) => frame(round === 0 ? frames.headers : 9, 1, headerBlock({ [`x-${round}`]: 'a'.repeat(1_000) })),
  ],
] as const)('of a flood of %s at most %d requests begin, and others are served', async (_what, most, piece) => {
  const server = await listening();
  const before = process.memoryUsage().rss;
  const hungUp = await flooded(server.port, piece, 20_000);
  expect(hungUp || most > 0).toBe(true);
  expect(server.requests()).toBeLessThanOrEqual(most);
  expect(process.memoryUsage().rss - before).toBeLessThan(128 * 1024 * 1024);
  expect(await served(server.port)).toBe(200);
  server.stop();
});

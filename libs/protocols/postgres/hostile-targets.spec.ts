import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { dataRow } from '../testing/data-row.js';
import { postgresGateway } from '../testing/postgres-gateway.js';
import { frontend as f, RawClient } from '../testing/raw-client.js';
import { backendKeyData, parameterStatus, readyForQuery } from './backend.js';
import { cstring, int16, int32, MessageReader, message } from './wire.js';

/** What a confused or captured server holds; the gate must not release it with an answer that it does not understand. */
const canary = Buffer.from('canary-row-of-a-hostile-server');
const rowDescription = (columns: number): Buffer =>
  message(
    'T',
    int16(columns),
    ...Array.from({ length: columns }, () =>
      Buffer.concat([cstring('c'), int32(0), int16(0), int32(25), int16(-1), int32(-1), int16(0)]),
    ),
  );
const complete = Buffer.concat([message('C', cstring('SELECT 1')), readyForQuery('I')]);

let server: Server | undefined;
const sockets = new Set<Socket>();
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  server?.close();
});

/** A server that lets anybody in, answers `select 1` as it should, and anything else with these bytes. */
async function hostileServer(answer: (socket: Socket) => void, encoding = 'UTF8'): Promise<number> {
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    const reader = new MessageReader();
    let started = false;
    socket.on('data', (chunk: Buffer) => {
      if (!started) {
        started = true;
        const reported = [parameterStatus('session_authorization', 'x'), parameterStatus('client_encoding', encoding)];
        socket.write(Buffer.concat([message('R', int32(0)), ...reported, backendKeyData(1, 2), readyForQuery('I')]));
        return;
      }
      reader.push(chunk);
      for (let next = reader.next(); next !== undefined; next = reader.next()) {
        if (next.body.toString('utf8').startsWith('select 1')) {
          socket.write(Buffer.concat([rowDescription(1), dataRow([Buffer.from('1')]), complete]));
        } else answer(socket);
      }
    });
  });
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const says =
  (...bytes: Buffer[]) =>
  (socket: Socket): void =>
    void socket.write(Buffer.concat(bytes));

test.each<[string, (socket: Socket) => void]>([
  ['a row that was never described', says(dataRow([canary]), complete)],
  ['a row of more columns than were described', says(rowDescription(1), dataRow([canary, canary]), complete)],
  ['a row of fewer columns than were described', says(rowDescription(2), dataRow([canary]), complete)],
  ['a row whose lengths lie', says(rowDescription(1), message('D', int16(1), int32(9_999), canary), complete)],
  ['a row with bytes left over', says(rowDescription(1), message('D', int16(1), int32(2), canary), complete)],
  ['a message of two gigabytes', says(Buffer.from([0x44, 0x7f, 0xff, 0xff, 0xff]), canary)],
  ['a message of a type that nobody knows', says(message('~', canary))],
  ['a message with an impossible length', says(Buffer.from([0x44, 0, 0, 0, 1]), canary)],
  ['copied data that was never announced', says(message('d', canary), complete)],
  ['a copy in both directions', says(message('W', Buffer.from([0]), int16(0)), message('d', canary))],
  ['an answer to something that was not asked', says(message('1'), dataRow([canary]), complete)],
  [
    'a transaction status that does not exist',
    says(rowDescription(1), message('Z', Buffer.from('X')), dataRow([canary])),
  ],
  ['another log-in request', says(message('R', int32(3)), dataRow([canary]))],
  ['half a message, and hangs up', (socket) => socket.end(message('D', int16(1), int32(30), canary).subarray(0, 20))],
  [
    'a changed client_encoding',
    says(message('S', cstring('client_encoding'), cstring('SJIS')), dataRow([canary]), complete),
  ],
  ['another user', says(parameterStatus('session_authorization', 'y'), dataRow([canary]), complete)],
])(
  'a target that sends %s ends that session with an error, discloses nothing, and harms no other',
  async (_name, answer) => {
    const port = await hostileServer(answer);
    await using gateway = await postgresGateway({
      target: { host: '127.0.0.1', port, user: 'x', password: 'x', database: 'app' },
      survey: false,
    });
    const [victim, neighbour] = await Promise.all([
      RawClient.open({ port: gateway.port, database: 'app' }),
      RawClient.open({ port: gateway.port, database: 'app' }),
    ]);
    await victim.say(f.query('provoke'));
    const heard = (await victim.untilClosed()).join('\n');
    expect(heard).toMatch(/^E (08P01|54000|57P01)/m);
    expect(heard).not.toContain('canary');
    expect(await neighbour.ask([f.query('select 1')])).toEqual(['T c', 'D 1', 'C SELECT 1', 'Z I']);
    neighbour.end();
  },
);

test('a target that does not take the encoding that it was asked for is not spoken to', async () => {
  const port = await hostileServer(says(complete), 'LATIN1');
  await using gateway = await postgresGateway({
    target: { host: '127.0.0.1', port, user: 'x', password: 'x', database: 'app' },
    survey: false,
  });
  const opened = RawClient.open({ port: gateway.port, database: 'app' });
  await expect(opened).rejects.toThrow(/the session’s client_encoding became "LATIN1"/);
});

test('a flood of errors or notices that nobody asked for is bounded by the client’s reading', async () => {
  const notice = message(
    'N',
    cstring('SNOTICE'),
    cstring('C00000'),
    cstring(`M${'x'.repeat(1_000)}`),
    Buffer.from([0]),
  );
  const flood = Buffer.concat(Array.from({ length: 1_000 }, () => notice));
  let sent = 0;
  const port = await hostileServer((socket) => {
    const more = (): void => {
      while (sent < 300_000_000 && socket.write(flood)) sent += flood.length;
      if (sent < 300_000_000) socket.once('drain', more);
    };
    more();
  });
  await using gateway = await postgresGateway({
    target: { host: '127.0.0.1', port, user: 'x', password: 'x', database: 'app' },
    survey: false,
  });
  const slow = await RawClient.open({ port: gateway.port, database: 'app' });
  slow.socket.pause();
  const before = process.memoryUsage().rss;
  await slow.say(f.query('provoke'));
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect((process.memoryUsage().rss - before) / 2 ** 20).toBeLessThan(150); // of three hundred megabytes
  slow.end();
});

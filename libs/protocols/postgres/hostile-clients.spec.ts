import { connect } from 'node:net';
import { type TestDatabase, testDatabase } from '@sallyport/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { postgresGateway, ticket } from '../testing/postgres-gateway.js';
import { frontend as f, RawClient, startup } from '../testing/raw-client.js';
import { cstring, int32, message } from './wire.js';

let target: TestDatabase;
let gateway: Awaited<ReturnType<typeof postgresGateway>>;

beforeAll(async () => {
  target = await testDatabase();
  gateway = await postgresGateway({ target });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await target?.stop();
});

/** What a client hears that says this in clear, until the gateway hangs up. */
const clear = (bytes: Buffer): Promise<string> =>
  new Promise((resolve) => {
    const heard: Buffer[] = [];
    const socket = connect({ port: gateway.port, host: '127.0.0.1' });
    socket.on('data', (chunk: Buffer) => heard.push(chunk));
    socket.on('close', () => resolve(Buffer.concat(heard).toString('latin1')));
    socket.on('error', () => undefined);
    socket.write(bytes);
  });

const encrypted = async (...messages: Buffer[]): Promise<string[]> => {
  const client = await RawClient.dial(gateway.port);
  await client.say(...messages);
  return client.untilClosed();
};

const ssl = Buffer.concat([int32(8), int32(80877103)]);

test.each([
  ['garbage', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'), /08P01/],
  ['a start-up packet that is too large', int32(1_000_000), /08P01/],
  ['a start-up packet of nothing', int32(4), /08P01/],
  ['a start-up without TLS', startup({ user: 'orders' }), /28000.*over TLS only/],
  [
    'unencrypted bytes behind the SSLRequest',
    Buffer.concat([ssl, startup({ user: 'orders' })]),
    /08P01.*unencrypted data/,
  ],
])('%s is refused in clear with a reason', async (_name, bytes, expected) => {
  expect(await clear(bytes)).toMatch(expected);
});

test('GSSENC is refused with one byte, and the client may go on', async () => {
  const heard = await clear(Buffer.concat([int32(8), int32(80877104), startup({ user: 'orders' })]));
  expect(heard[0]).toBe('N');
  expect(heard).toMatch(/28000/);
});

test.each([
  ['protocol version 2', [startup({ user: 'orders' }, 131072)], /^E 0A000 protocol version 2.0/],
  ['no user', [startup({ database: 'x' })], /^E 0A000 no user/],
  ['replication', [startup({ user: 'orders', replication: 'true' })], /^E 0A000 replication/],
  ['TLS inside TLS', [ssl], /^E 08P01 TLS is asked for inside TLS/],
  [
    'a query instead of a password',
    [startup({ user: 'orders' }), f.query('select 1')],
    /^E 08P01 a password was expected/,
  ],
  [
    'a password without end',
    [startup({ user: 'orders' }), message('p', Buffer.alloc(20_000, 0x41))],
    /^E 08P01 the password message is too long/,
  ],
  [
    'a wrong ticket',
    [startup({ user: 'orders' }), message('p', cstring('spt_wrong'))],
    /^E 28P01 the ticket is not valid/,
  ],
  [
    'a ticket of another connection',
    [startup({ user: 'payroll' }), message('p', cstring(ticket))],
    /^E 28P01 the ticket is not valid/,
  ],
  [
    'a database that the connection does not allow',
    [startup({ user: 'orders', database: 'postgres' }), message('p', cstring(ticket))],
    /^E 3D000/,
  ],
])('%s ends the log-in with a clear error', async (_name, messages, expected) => {
  expect((await encrypted(...messages)).find((line) => line.startsWith('E'))).toMatch(expected);
});

test('a client that says nothing is not waited for', async () => {
  expect(await clear(Buffer.alloc(0))).toMatch(/57014/);
});

test('a newer minor version is negotiated down', async () => {
  const client = await RawClient.dial(gateway.port);
  await client.say(startup({ user: 'orders', '_pq_.unknown': '1' }, 196610));
  await client.until((line) => line === 'R');
  expect(client.heard[0]).toBe('v');
  client.end();
});

test.each([
  ['a message of an unknown type', message('~'), /^E 08P01/],
  ['a message that is too long', Buffer.from([0x51, 0x7f, 0xff, 0xff, 0xff]), /^E 54000/],
  [
    'a Bind that lies about its parameters',
    message('B', cstring(''), cstring(''), Buffer.from([0, 0, 0xff, 0xff])),
    /^E 08P01/,
  ],
])('%s ends the session with a clear error, and the next session works', async (_name, bytes, expected) => {
  const client = await RawClient.open({ port: gateway.port, database: target.database });
  await client.say(bytes);
  expect((await client.untilClosed())[0]).toMatch(expected);
  const next = await RawClient.open({ port: gateway.port, database: target.database });
  expect(await next.ask([f.query('select 1 as x')])).toEqual(['T x', 'D 1', 'C SELECT 1', 'Z I']);
  next.end();
});

test('a client that does not read stops the target, and holds nobody else up', async () => {
  const slow = await RawClient.open({ port: gateway.port, database: target.database });
  slow.socket.pause();
  await slow.say(f.query("select repeat('x', 10000) from generate_series(1, 200000)"));
  const rss = () => process.memoryUsage().rss / 2 ** 20;
  const before = rss();
  const other = await RawClient.open({ port: gateway.port, database: target.database });
  for (let round = 0; round < 20; round += 1) {
    expect(await other.ask([f.query('select 1 as x')])).toContain('D 1');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(rss() - before).toBeLessThan(200); // of two gigabytes that the target would send
  const [state] = await target.query<{ wait_event: string }>(
    `select wait_event from pg_stat_activity where query like 'select repeat%' and state = 'active' and pid <> pg_backend_pid()`,
  );
  expect(state?.wait_event).toBe('ClientWrite');
  slow.end();
  other.end();
});

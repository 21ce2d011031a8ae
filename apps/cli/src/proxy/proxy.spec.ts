import { chownSync, statSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import path from 'node:path';
import { type TestDatabase, testDatabase } from '@sallyport/testkit';
import { createAuthority, issueServerCertificate } from '@sallyport/tunnel';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type RunningProxy, startProxy } from './server.js';
import { startupPacket } from './startup.js';
import type { Dial } from './upstream.js';

// A PostgreSQL that wants TLS and a cleartext password is to the proxy what the gateway is.
let gateway: TestDatabase;
let ca: string;
let proxy: RunningProxy;
let dialled: number;
let logged: string[];
let change: Partial<Dial>;

/** Into the server's directory, owned by whoever runs the server. */
const place = (directory: string, name: string, text: string): void => {
  const file = path.join(directory, name);
  writeFileSync(file, text, { mode: 0o600 });
  const { uid, gid } = statSync(directory);
  if (process.getuid?.() === 0) chownSync(file, uid, gid);
};

beforeAll(async () => {
  gateway = await testDatabase({ database: 'orders', settings: { max_connections: '40' } });
  const authority = await createAuthority();
  ca = authority.certificate;
  const server = await issueServerCertificate(authority, ['127.0.0.1']);
  const [{ directory }] = (await gateway.query("select current_setting('data_directory') as directory")) as [
    { directory: string },
  ];
  place(directory, 'server.crt', server.certificate);
  place(directory, 'server.key', server.privateKey);
  place(directory, 'pg_hba.conf', 'hostssl all tickets all password\nhost all all all scram-sha-256\n');
  await gateway.query("create role tickets superuser login password 'canary-ticket'");
  await gateway.query('alter system set ssl = on');
  await gateway.query('select pg_reload_conf()');
});

afterAll(() => gateway.stop());

beforeEach(async () => {
  [dialled, logged, change] = [0, [], {}];
  proxy = await startProxy({
    port: 0,
    maxConnections: 10,
    dial: async () => {
      dialled += 1;
      return {
        host: '127.0.0.1',
        port: gateway.port,
        ca,
        user: 'tickets',
        password: 'canary-ticket',
        database: 'orders',
        ...change,
      };
    },
    log: (line) => logged.push(line),
  });
});

afterEach(() => proxy.stop());

const client = async (extra: pg.ClientConfig = {}): Promise<pg.Client> => {
  const made = new pg.Client({
    host: '127.0.0.1',
    port: proxy.port,
    user: 'anybody',
    password: 'anything',
    database: 'orders',
    ...extra,
  });
  made.on('error', () => undefined);
  await made.connect();
  return made;
};

const raw = (): Promise<Socket> =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port: proxy.port }, () => resolve(socket));
    socket.on('error', () => undefined);
  });

const everything = (socket: Socket): Promise<string> =>
  new Promise((resolve) => {
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    socket.once('close', () => resolve(text));
  });

describe('the proxy', () => {
  test('lets any user and password in, and is the ticket’s user behind', async () => {
    const local = await client({ application_name: 'pool' });
    const { rows } = await local.query(
      "select current_user as who, current_database() as at, current_setting('application_name') as app, ssl from pg_stat_ssl where pid = pg_backend_pid()",
    );
    expect(rows).toEqual([{ who: 'tickets', at: 'orders', app: 'pool', ssl: true }]);
    await local.end();
  });

  test('gets a fresh ticket for every connection', async () => {
    const pool = new pg.Pool({ host: '127.0.0.1', port: proxy.port, user: 'x', database: 'orders', max: 4 });
    await Promise.all(Array.from({ length: 4 }, () => pool.query('select pg_sleep(0.2)')));
    await pool.end();
    expect(dialled).toBe(4);
  });

  test('answers a wish for TLS or GSS with No, and then serves', async () => {
    const socket = await raw();
    socket.write(Buffer.from('0000000804d216300000000804d2162f', 'hex'));
    socket.write(startupPacket(196608, new Map([['user', 'x']])));
    const text = await new Promise<string>((resolve) => {
      let got = '';
      socket.on('data', (chunk: Buffer) => {
        got += chunk.toString('latin1');
        if (got.endsWith('Z\0\0\0\x05I')) resolve(got);
      });
    });
    expect(text.slice(0, 2)).toBe('NN');
    socket.destroy();
  });

  test('moves large results and large parameters unchanged', async () => {
    const local = await client();
    const large = 'ü'.repeat(3_000_000);
    const { rows } = await local.query(
      "select md5($1::text) as sent, md5(repeat('x', 20000000)) as made, repeat('x', 20000000) as got",
      [large],
    );
    const [row] = rows as [{ sent: string; made: string; got: string }];
    const { createHash } = await import('node:crypto');
    const md5 = (text: string) => createHash('md5').update(text).digest('hex');
    expect([row.sent, row.made]).toEqual([md5(large), md5(row.got)]);
    await local.end();
  });

  test('stops reading from the gateway while its client does not read', async () => {
    const socket = await raw();
    socket.write(
      startupPacket(
        196608,
        new Map([
          ['user', 'x'],
          ['application_name', 'slow'],
        ]),
      ),
    );
    const query = Buffer.from("select repeat('x', 1000000) from generate_series(1, 400)\0");
    const head = Buffer.alloc(5);
    head.write('Q');
    head.writeInt32BE(query.length + 4, 1);
    socket.write(Buffer.concat([head, query]));
    socket.pause();
    const before = process.memoryUsage().rss;
    await expect
      .poll(() => gateway.query("select wait_event from pg_stat_activity where application_name = 'slow'"), {
        timeout: 20_000,
      })
      .toEqual([{ wait_event: 'ClientWrite' }]);
    expect(process.memoryUsage().rss - before).toBeLessThan(150_000_000); // of 400 MB
    socket.destroy();
  });

  test('hands a cancel request on', async () => {
    const local = await client();
    const { processID, secretKey } = local as unknown as { processID: number; secretKey: number };
    const sleeping = local.query('select pg_sleep(30)');
    const packet = Buffer.alloc(16);
    for (const [index, value] of [16, 80877102, processID, secretKey].entries()) packet.writeInt32BE(value, index * 4);
    const socket = await raw();
    socket.end(packet);
    await expect(sleeping).rejects.toMatchObject({ code: '57014' });
    await local.end();
  });

  test('shows its client what the gateway refuses', async () => {
    change = { password: 'wrong' };
    await expect(client()).rejects.toMatchObject({ code: '28P01' });
    change = {};
    await expect(client({ database: 'nowhere' })).rejects.toMatchObject({ code: '3D000' });
  });

  test('trusts no other authority, and sends it no ticket', async () => {
    change = { ca: (await createAuthority()).certificate };
    await expect(client()).rejects.toMatchObject({
      code: '08006',
      message: expect.stringContaining('certificate') as string,
    });
    expect(logged.join()).toContain('certificate');
    change = { host: 'localhost' }; // the certificate names 127.0.0.1 only
    await expect(client()).rejects.toMatchObject({ code: '08006' });
  });

  test('says that the gateway cannot be reached, and never what the ticket is', async () => {
    change = { port: 9 };
    await expect(client()).rejects.toMatchObject({ code: '08006' });
    expect(logged.join()).not.toContain('canary');
  });

  test('ends with an error what is no PostgreSQL', async () => {
    const socket = await raw();
    const said = everything(socket);
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    expect(await said).toMatch(/^E.*is not PostgreSQL/s);
  });

  test('refuses one client too many, and serves again when one has left', async () => {
    const all = await Promise.all(Array.from({ length: 10 }, () => client()));
    await expect(client()).rejects.toMatchObject({ message: 'the proxy has too many clients' });
    await all[0]!.end();
    await expect
      .poll(async () =>
        client().then(
          (one) => one.end().then(() => 'served'),
          () => 'refused',
        ),
      )
      .toBe('served');
    await Promise.all(all.slice(1).map((one) => one.end()));
  });

  test('ends the session behind when its client goes', async () => {
    const local = await client({ application_name: 'leaving' });
    await local.query('select 1');
    (local as unknown as { connection: { stream: Socket } }).connection.stream.destroy();
    await expect
      .poll(() => gateway.query("select 1 from pg_stat_activity where application_name = 'leaving'"))
      .toEqual([]);
  });
});

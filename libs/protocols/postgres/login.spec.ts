import { type TestDatabase, testDatabase } from '@sallyport/testkit';
import { createAuthority, issueServerCertificate } from '@sallyport/tunnel';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Dial, login } from './login.js';
import { query } from './query.js';
import type { TlsMode } from './settings.js';

/** Stands for every password here: it must be in no error. */
const canary = 'canary-Pa55word-do-not-tell';
let target: TestDatabase;
let ca: string;
let authority: Awaited<ReturnType<typeof createAuthority>>;

/** The superuser lets the server write its own configuration, as no other access to its files is needed. */
async function write(file: string, text: string): Promise<void> {
  const [row] = await target.query<{ dir: string }>(`select current_setting('data_directory') as dir`);
  await target.query(
    `copy (select unnest(string_to_array($t$${text.trimEnd()}$t$, E'\\n'))) to program 'umask 077 && cat > ${row!.dir}/${file}'`,
  );
}

beforeAll(async () => {
  target = await testDatabase({
    sql: `
      set password_encryption = 'scram-sha-256'; create role scram login password '${canary}';
      set password_encryption = 'md5'; create role md5er login password '${canary}';
      create role clear login password '${canary}'; create role certified login; create role nobody_in login password '${canary}'`,
  });
  authority = await createAuthority({});
  const server = await issueServerCertificate(authority, ['localhost', '127.0.0.1']);
  ca = authority.certificate;
  await write('server.crt', server.certificate);
  await write('server.key', server.privateKey);
  await write('root.crt', authority.certificate);
  await write(
    'pg_hba.conf',
    `host all ${target.user} 127.0.0.1/32 scram-sha-256
host all scram 127.0.0.1/32 scram-sha-256
host all md5er 127.0.0.1/32 md5
host all clear 127.0.0.1/32 password
hostssl all certified 127.0.0.1/32 cert
host all nobody_in 127.0.0.1/32 reject`,
  );
  await target.query(`alter system set ssl_ca_file = 'root.crt'`);
  await target.query('alter system set ssl = on');
  await target.query('select pg_reload_conf()');
});
afterAll(() => target?.stop());

const dial = (user: string, mode: TlsMode, more: Partial<Dial> = {}): Dial => ({
  host: '127.0.0.1',
  port: target.port,
  tls: { mode, ca },
  credential: { user, password: canary },
  database: target.database,
  settings: [['application_name', 'login-test']],
  timeoutMs: 5_000,
  ...more,
});

const whoIs = async (options: Dial): Promise<string | null | undefined> => {
  const connection = await login(options);
  const [row] = await query(
    connection,
    `select current_user || ' ' || current_setting('application_name') || ' ' || current_setting('client_encoding') as who`,
  );
  connection.socket.destroy();
  return row?.['who'];
};

test.each([
  ['SCRAM-SHA-256', 'scram', 'disable'],
  ['SCRAM-SHA-256 over TLS that is verified in full', 'scram', 'verify-full'],
  ['md5', 'md5er', 'disable'],
  ['a cleartext password under TLS', 'clear', 'verify-ca'],
] as const)('logs in by %s', async (_name, user, mode) => {
  expect(await whoIs(dial(user, mode))).toBe(`${user} login-test UTF8`);
});

test('logs in by a client certificate, without any password', async () => {
  const { certificateFor } = await import('../testing/client-certificate.js');
  const clientCertificate = await certificateFor('certified', authority);
  expect(await whoIs(dial('certified', 'verify-full', { credential: { user: 'certified', clientCertificate } }))).toBe(
    'certified login-test UTF8',
  );
});

test('never says a password in clear', async () => {
  await expect(login(dial('clear', 'disable'))).rejects.toMatchObject({
    code: 'TARGET_REFUSED_CREDENTIAL',
    message: expect.stringContaining('without TLS'),
  });
});

test.each([
  [
    'a wrong password',
    () => dial('scram', 'disable', { credential: { user: 'scram', password: `${canary}!` } }),
    'TARGET_REFUSED_CREDENTIAL',
  ],
  ['a login that the target rejects', () => dial('nobody_in', 'disable'), 'TARGET_REFUSED_CREDENTIAL'],
  [
    'no password where one is asked for',
    () => dial('scram', 'disable', { credential: { user: 'scram' } }),
    'TARGET_REFUSED_CREDENTIAL',
  ],
  ['a database that is not there', () => dial('scram', 'disable', { database: 'nowhere' }), 'DATABASE_NOT_ALLOWED'],
  ['nobody listening', () => dial('scram', 'disable', { port: 1 }), 'TARGET_UNREACHABLE'],
  [
    'a certificate of another authority',
    async () =>
      dial('scram', 'verify-full', { tls: { mode: 'verify-full', ca: (await createAuthority({})).certificate } }),
    'TARGET_UNREACHABLE',
  ],
  [
    'a certificate for another name',
    () => dial('scram', 'verify-full', { tls: { mode: 'verify-full', ca, serverName: 'elsewhere.example' } }),
    'TARGET_UNREACHABLE',
  ],
] as const)('%s is a clear error that tells no secret', async (_name, options, code) => {
  const error = await login(await options()).catch((caught: unknown) => caught as Error);
  expect(error).toMatchObject({ code });
  expect(`${(error as Error).message} ${(error as Error).stack}`).not.toContain(canary);
});

test('a target that accepts and never answers is given up', async () => {
  const { createServer } = await import('node:net');
  const silent = createServer(() => undefined);
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as import('node:net').AddressInfo;
  await expect(login(dial('scram', 'disable', { port, timeoutMs: 200 }))).rejects.toMatchObject({
    code: 'TARGET_UNREACHABLE',
    message: expect.stringContaining('200 ms'),
  });
  silent.close();
});

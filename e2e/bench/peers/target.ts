import { agentPassword, type Installation } from '../../testing/installation.js';
import type { Certificates } from './certificates.js';
import type { LibpqEnvironment } from './peer.js';

/** The target's settings: enough places for 500 idle sessions, and everything that is read in memory. */
export const targetSettings = { max_connections: '700', shared_buffers: '512MB', autovacuum: 'off' };

export const storeSettings = { shared_buffers: '128MB', max_wal_size: '1GB' };

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** Through the server itself, so that the file is the server's own whoever that is. */
const fileOf = (name: string, pem: string): string =>
  `copy (select unnest(string_to_array(${literal(pem.trim())}, E'\\n'))) to program 'umask 077; cat > ${name}'`;

export async function speakTls({ target }: Installation, { server }: Certificates): Promise<void> {
  await target.query(fileOf('server.crt', server.certificate));
  await target.query(fileOf('server.key', server.privateKey));
  await target.query('alter system set ssl = on');
  await target.query('select pg_reload_conf()');
}

export const targetEnvironment = (
  { target }: Installation,
  port = target.port,
  tls?: { readonly ca: string },
): LibpqEnvironment => ({
  PATH: process.env['PATH']!,
  PGHOST: '127.0.0.1',
  PGPORT: String(port),
  PGUSER: 'app',
  PGPASSWORD: agentPassword,
  PGDATABASE: 'shop',
  ...(tls === undefined ? { PGSSLMODE: 'disable' } : { PGSSLMODE: 'verify-full', PGSSLROOTCERT: tls.ca }),
});

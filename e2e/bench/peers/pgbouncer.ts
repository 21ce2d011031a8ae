import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { agentPassword, freePort } from '../../testing/installation.js';
import type { Bed } from './bed.js';
import type { Peer } from './peer.js';
import { programAt } from './programs.js';
import { Service } from './service.js';
import { targetEnvironment } from './target.js';

/** Session mode: a server connection belongs to one client until it leaves, and is kept for the next one. */
export async function startPgbouncer({ installation, certificates, folder, running }: Bed): Promise<Peer | undefined> {
  const program = programAt('pgbouncer');
  if (program === undefined) return undefined;
  const port = await freePort();
  const users = path.join(folder, 'pgbouncer-users.txt');
  const file = path.join(folder, 'pgbouncer.ini');
  writeFileSync(users, `"app" "${agentPassword}"\n`, { mode: 0o644 });
  const settings = {
    listen_addr: '127.0.0.1',
    listen_port: port,
    unix_socket_dir: '',
    auth_type: 'scram-sha-256',
    auth_file: users,
    pool_mode: 'session',
    default_pool_size: 600,
    max_client_conn: 1000,
    client_tls_sslmode: 'require',
    client_tls_cert_file: certificates.files.cert,
    client_tls_key_file: certificates.files.key,
    client_tls_protocols: 'tlsv1.3',
    server_tls_sslmode: 'disable',
    log_connections: 0,
    log_disconnections: 0,
  };
  writeFileSync(
    file,
    [
      '[databases]',
      `shop = host=127.0.0.1 port=${installation.target.port} dbname=shop`,
      '[pgbouncer]',
      ...Object.entries(settings).map(([name, value]) => `${name} = ${value}`),
    ].join('\n'),
  );
  // PgBouncer does not run as root.
  const service = new Service('PgBouncer', program, [...(process.getuid?.() === 0 ? ['-u', 'postgres'] : []), file]);
  running.push(service);
  await service.listensOn(port);
  return {
    name: 'pgbouncer',
    title: 'PgBouncer',
    processes: [{ name: 'PgBouncer', pid: service.pid }],
    env: async () => targetEnvironment(installation, port, certificates.files),
  };
}

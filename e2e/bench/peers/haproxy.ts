import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePort } from '../../testing/installation.js';
import type { Bed } from './bed.js';
import type { Peer } from './peer.js';
import { programAt } from './programs.js';
import { Service } from './service.js';
import { targetEnvironment } from './target.js';

/** TCP mode: HAProxy 2.6 cannot answer PostgreSQL's SSLRequest, so TLS runs through it, from the client to the target. */
export async function startHaproxy({ installation, certificates, folder, running }: Bed): Promise<Peer | undefined> {
  const program = programAt('haproxy');
  if (program === undefined) return undefined;
  const port = await freePort();
  const file = path.join(folder, 'haproxy.cfg');
  writeFileSync(
    file,
    `global
  maxconn 2000
defaults
  mode tcp
  timeout connect 5s
  timeout client 10m
  timeout server 10m
listen postgres
  bind 127.0.0.1:${port}
  server target 127.0.0.1:${installation.target.port}
`,
  );
  const service = new Service('HAProxy', program, ['-db', '-f', file]);
  running.push(service);
  await service.listensOn(port);
  return {
    name: 'haproxy',
    title: 'HAProxy',
    processes: [{ name: 'HAProxy', pid: service.pid }],
    env: async () => targetEnvironment(installation, port, certificates.files),
  };
}

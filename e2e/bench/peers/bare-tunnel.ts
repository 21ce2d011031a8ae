import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, until } from '../../testing/installation.js';
import { answers } from '../client/answers.js';
import type { End } from '../tunnel/transport.js';
import type { Bed } from './bed.js';
import { clientConfig, type Peer } from './peer.js';
import { Service } from './service.js';
import { targetEnvironment } from './target.js';

const program = (name: string): string => fileURLToPath(new URL(`../tunnel/${name}.js`, import.meta.url));

/** Two Node processes and grpc-js between client and target, and nobody who looks at a byte. */
export async function startBareTunnel({ installation, certificates, folder, running }: Bed): Promise<Peer> {
  const [door, grpc] = [await freePort(), await freePort()];
  const start = (name: string, { certificate, privateKey }: { certificate: string; privateKey: string }): Service => {
    const file = path.join(folder, `${name}.json`);
    const end: End = {
      ca: certificates.ca,
      cert: certificate,
      key: privateKey,
      door,
      grpc,
      target: installation.target.port,
    };
    writeFileSync(file, JSON.stringify(end), { mode: 0o600 });
    const service = new Service(`the tunnel's ${name}`, process.execPath, [program(name), file]);
    running.push(service);
    return service;
  };
  const near = start('near-end', certificates.server);
  await near.listensOn(door);
  const far = start('far-end', certificates.client);
  const env = targetEnvironment(installation, door, certificates.files);
  await until('the bare tunnel carries', () => answers({ ...clientConfig(env), connectionTimeoutMillis: 1_000 }));
  return {
    name: 'tunnel',
    title: 'bare tunnel',
    processes: [
      { name: 'near end', pid: near.pid },
      { name: 'far end', pid: far.pid },
    ],
    env: async () => env,
  };
}

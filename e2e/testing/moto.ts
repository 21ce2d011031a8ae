/** moto: AWS in one process, for the services that no emulator from npm has. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { freePort, until } from './installation.js';

export interface Moto {
  readonly url: string;
  stop(): Promise<void>;
}

export async function startMoto(python: string): Promise<Moto> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child: ChildProcess = spawn(python, ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)], {
    stdio: 'ignore',
    env: { PATH: process.env['PATH']!, HOME: process.env['HOME'] ?? '/', MOTO_IAM_LOAD_MANAGED_POLICIES: 'false' },
  });
  await until('moto answers', async () => {
    if (child.exitCode !== null) throw new Error('moto has ended');
    return (await fetch(`${url}/moto-api/`)).status < 500;
  });
  return {
    url,
    stop: async () => {
      if (child.exitCode === null) {
        child.kill();
        await once(child, 'exit');
      }
    },
  };
}

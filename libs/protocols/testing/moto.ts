/** moto: one server for most services of AWS, in memory. Its account is 123456789012. */
import { spawn } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Upstream } from './aws-upstreams.js';

const startMs = 60_000;

/** @param python that can import it: `peer('moto', …)` */
export async function motoUpstream(python: string): Promise<Upstream> {
  const port = await freePort();
  const server = spawn(python, ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
  const exited = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  const url = `http://127.0.0.1:${port}`;
  const until = Date.now() + startMs;
  while (!(await answers(`${url}/moto-api/data.json`))) {
    if (Date.now() > until || server.exitCode !== null) {
      server.kill('SIGKILL');
      throw new Error('moto did not start');
    }
    await sleep(100);
  }
  return {
    url,
    stop: async () => {
      server.kill('SIGTERM');
      const late = setTimeout(() => server.kill('SIGKILL'), 3_000);
      await exited;
      clearTimeout(late);
    },
  };
}

const answers = async (url: string): Promise<boolean> =>
  fetch(url, { signal: AbortSignal.timeout(2_000) }).then(
    (response) => response.ok,
    () => false,
  );

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Installation, until } from './installation.js';

const cli = fileURLToPath(new URL('../../apps/cli/dist/main.js', import.meta.url));

export interface Report {
  readonly ok: boolean;
  readonly size: number;
  readonly counts: { readonly entries: number; readonly sessions: number };
}

/** Keeps the keys that evidence is verified by, as an auditor does before anything has happened. */
export async function pinKeys(sallyport: Installation): Promise<void> {
  const keys = await sallyport.api('grace', 'GET', '/v1/evidence/keys');
  writeFileSync(path.join(sallyport.home, 'pins.json'), JSON.stringify(keys));
}

/** Keeps the latest checkpoint, with which a log that was rolled back later is found. */
export async function keepCheckpoint(sallyport: Installation): Promise<void> {
  const note = await sallyport.api<string>('grace', 'GET', '/v1/evidence/checkpoint');
  writeFileSync(path.join(sallyport.home, 'checkpoint'), note);
}

/** Exports the whole log and verifies it offline with the CLI, against what was pinned and kept. */
export async function verifiedLog(sallyport: Installation): Promise<Report> {
  const at = (file: string): string => path.join(sallyport.home, file);
  const token = await sallyport.accessToken('grace');
  return until('the whole log verifies', async () => {
    await run(sallyport, ['evidence', 'export', '--out', at('evidence.jsonl')], { SALLYPORT_TOKEN: token });
    const pinned = ['--keys', at('pins.json'), '--checkpoint', at('checkpoint')];
    const said = await run(sallyport, ['evidence', 'verify', at('evidence.jsonl'), ...pinned, '--json'], {});
    return JSON.parse(said) as Report;
  });
}

// Not waited for in one piece: this process may be the cable to a replica's store.
async function run(
  { home, url }: Installation,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<string> {
  const child = spawn(process.execPath, [cli, ...args], {
    env: { PATH: process.env['PATH'], XDG_CONFIG_HOME: path.join(home, 'cli'), SALLYPORT_URL: url, ...env },
    timeout: 60_000,
  });
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => said.push(chunk.toString('utf8')));
  const [status] = (await once(child, 'close')) as [number | null];
  if (status !== 0) throw new Error(said.join(''));
  return said.join('');
}

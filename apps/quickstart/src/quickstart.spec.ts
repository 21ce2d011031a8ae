import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort, portIsFree } from '@sallyport/embedded-postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { portsFrom } from './options.js';
import { customers } from './sample-data.js';

// The built quickstart, as npm run quickstart starts it, in a folder and on ports of its own.
const main = path.join(import.meta.dirname, '..', 'dist', 'main.js');
let folder: string;
let base: number;

const freeBase = async (): Promise<number> => {
  for (;;) {
    const candidate = 1024 + ((await freePort()) % 30_000);
    const free = await Promise.all(Object.values(portsFrom(candidate)).map(portIsFree));
    if (free.every(Boolean)) return candidate;
  }
};

interface Run {
  readonly child: ChildProcess;
  readonly text: () => string;
  readonly ended: Promise<number | null>;
  said(words: string): Promise<void>;
}

const quickstart = (...args: string[]): Run => {
  const child = spawn(process.execPath, [main, ...args], {
    env: {
      PATH: process.env['PATH'],
      HOME: folder,
      SALLYPORT_QUICKSTART_DIR: folder,
      SALLYPORT_QUICKSTART_PORT_BASE: String(base),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  const take = (chunk: Buffer) => {
    text += chunk.toString();
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const said = (words: string) => expect.poll(() => text, { timeout: 150_000, interval: 100 }).toContain(words);
  return { child, text: () => text, ended, said };
};

const logs = (): string =>
  readdirSync(path.join(folder, 'logs'))
    .map((file) => readFileSync(path.join(folder, 'logs', file), 'utf8'))
    .join('');

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'sallyport-quickstart-'));
  chmodSync(folder, 0o711);
  base = await freeBase();
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the quickstart', { timeout: 240_000 }, () => {
  test('plays the main job on a fresh machine, and ends well', async () => {
    const run = quickstart('--once');
    const status = await run.ended;
    expect(run.text()).not.toMatch(/FAILED|MISSING/);
    expect(run.text().match(/as it should be/g)).toHaveLength(7);
    expect(status, run.text()).toBe(0);
    expect(existsSync(path.join(folder, 'processes.json'))).toBe(false);
  });

  test('leaves no secret in its logs or in what it printed', () => {
    const password = readFileSync(path.join(folder, 'secrets', 'target-password-of-the-agent'), 'utf8');
    const canaries = [
      password,
      'AKIAIOSFODNN7EXAMPLE',
      ...customers.flatMap(({ ssn, card, email }) => [ssn, card, email]),
    ];
    const text = logs();
    expect(canaries.filter((canary) => text.includes(canary))).toEqual([]);
  });

  test('stays up with the same data, says how to connect, refuses a second one, and Ctrl-C stops all of it', async () => {
    const run = quickstart();
    await run.said('Ctrl-C stops everything');
    expect(run.text()).not.toContain('making a new database cluster');
    expect(run.text()).toContain(`http://127.0.0.1:${base}`);
    const second = quickstart('--once');
    expect(await second.ended).toBe(1);
    expect(second.text()).toContain(`a quickstart runs here already (process ${run.child.pid})`);
    run.child.kill('SIGINT');
    expect(await run.ended).toBe(0);
    for (const port of Object.values(portsFrom(base))) expect([port, await portIsFree(port)]).toEqual([port, true]);
  });

  test('puts right what a killed one left behind', async () => {
    const killed = quickstart();
    await killed.said('1. A SELECT is allowed');
    killed.child.kill('SIGKILL');
    await killed.ended;
    const run = quickstart('--once');
    expect(await run.ended, run.text()).toBe(0);
    expect(run.text()).toContain('that an earlier run left behind');
    expect(run.text().match(/as it should be/g)).toHaveLength(7);
  });

  test('names a port that is in use, and how to take others', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(portsFrom(base).postgres, '127.0.0.1', resolve));
    try {
      const run = quickstart('--once');
      expect(await run.ended).toBe(1);
      expect(run.text()).toContain(`port ${base + 32} (for PostgreSQL clients)`);
      expect(run.text()).toContain('SALLYPORT_QUICKSTART_PORT_BASE');
    } finally {
      taken.close();
    }
  });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { percentile } from '../figures.js';
import type { Mode } from '../options.js';
import type { LibpqEnvironment } from '../peers/peer.js';
import { programAt } from '../peers/programs.js';

export interface Load {
  readonly mode: Mode;
  readonly clients: number;
  readonly seconds: number;
}

export interface PgbenchFigures {
  /** Without the time of connecting. */
  readonly tps: number;
  /** Of every transaction, from pgbench's own log. Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Wall clock, in milliseconds, at which each transaction ended. */
  readonly ends: Float64Array;
}

/** Seconds that one client took to connect, by the port that it connected to: what the last run has seen. */
const connecting = new Map<string, number>();

/** pgbench counts connecting into the time that it is given, so it is given more. */
export const secondsToConnect = (env: LibpqEnvironment, clients: number): number =>
  Math.ceil(clients * (connecting.get(env['PGPORT']!) ?? 0.03) * 1.2);

/** Read-only pgbench: one SELECT by primary key in each transaction. */
export async function pgbench(env: LibpqEnvironment, load: Load): Promise<PgbenchFigures> {
  const folder = mkdtempSync(path.join(tmpdir(), 'sallyport-pgbench-'));
  try {
    const said = await connected(env, load, path.join(folder, 'log'));
    const { times, ends } = transactionsIn(
      readdirSync(folder).map((name) => readFileSync(path.join(folder, name), 'latin1')),
    );
    return { tps: tpsOf(said), ...halfAndTail(times), ends };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Where its time was over before all had connected, it is run again with more. */
async function connected(env: LibpqEnvironment, load: Load, log: string): Promise<string> {
  const { mode, clients, seconds } = load;
  const time = seconds + secondsToConnect(env, clients);
  const how = ['-c', String(clients), '-j', String(Math.min(clients, 2)), '-T', String(time)];
  const said = await run(env, ['-n', '-S', '-M', mode, ...how, '-l', '--log-prefix', log], time + 60);
  const initial = Number(/^initial connection time = ([\d.]+) ms/m.exec(said)?.[1] ?? time * 1000) / 1000;
  connecting.set(env['PGPORT']!, initial / clients);
  if (time - initial >= seconds / 2) return said;
  if (time > 4 * clients + seconds) throw new Error(`pgbench was not connected within ${time} s: ${said}`);
  for (const file of readdirSync(path.dirname(log))) rmSync(path.join(path.dirname(log), file));
  return connected(env, load, log);
}

const halfAndTail = (sorted: Float64Array): { p50: number; p99: number } => ({
  p50: percentile(sorted, 0.5) / 1000,
  p99: percentile(sorted, 0.99) / 1000,
});

/** @param said what pgbench prints at its end */
export function tpsOf(said: string): number {
  const tps = /^tps = ([\d.]+) \(without initial connection time\)/m.exec(said)?.[1];
  if (tps === undefined) throw new Error(`pgbench gave no tps: ${said}`);
  return Number(tps);
}

/** @returns microseconds, and when they were over, each ascending. A line: client, transaction, µs, script, epoch, µs of it */
export function transactionsIn(logs: readonly string[]): { times: Float64Array; ends: Float64Array } {
  const lines = logs.flatMap((log) => log.split('\n').filter(Boolean));
  const [times, ends] = [new Float64Array(lines.length), new Float64Array(lines.length)];
  for (const [index, line] of lines.entries()) {
    const [, , time, , epoch, fraction] = line.split(' ').map(Number);
    times[index] = time!;
    ends[index] = epoch! * 1000 + fraction! / 1000;
  }
  return { times: times.sort(), ends: ends.sort() };
}

async function run(env: LibpqEnvironment, args: readonly string[], deadlineSeconds: number): Promise<string> {
  const child = spawn(programAt('pgbench')!, args, { env: { ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const late = setTimeout(() => child.kill('SIGKILL'), deadlineSeconds * 1000);
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  const [status] = (await once(child, 'close')) as [number | null];
  clearTimeout(late);
  if (status !== 0) throw new Error(`pgbench ${args.join(' ')}: status ${status}\n${said.slice(-2_000)}`);
  return said;
}

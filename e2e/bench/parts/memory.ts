import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { ResultReader } from '../client/result-reader.js';
import { digits } from '../figures.js';
import type { Options } from '../options.js';
import type { Bed } from '../peers/bed.js';
import { clientConfig, type Peer } from '../peers/peer.js';
import { residentMegabytes } from '../procfs.js';
import { shapes, type Way, ways } from './result.js';
import type { Say } from './rounds.js';

/** Resident megabytes of one process of the product. */
export interface Memory {
  readonly process: string;
  readonly atRest: number;
  readonly idleSessions: number;
  readonly underIdleSessions: number;
  readonly results: readonly WatchedResult[];
  readonly afterwards: number;
}

/** One process while one big answer goes through it. */
export interface WatchedResult {
  readonly way: Way;
  readonly megabytes: number;
  /** The peaks of the quarters of its time: flat when they do not grow. */
  readonly quarters: readonly number[];
}

interface Watched {
  readonly name: string;
  readonly pid: number;
}

/** Of a gateway that has just been started: first of all parts. */
export async function measureMemory(bed: Bed, options: Options, say: Say): Promise<Memory[]> {
  const gateway = bed.gateway;
  const watched = gateway.processes.filter(({ name }) => name !== 'store');
  await sleep(3_000);
  const atRest = residents(watched);
  say(`at rest: ${told(watched, atRest)}`);
  const idle = await underIdleSessions(gateway, watched, options.idleSessions);
  say(`under ${options.idleSessions} idle sessions: ${told(watched, idle)}`);
  const results: WatchedResult[][] = [];
  for (const way of ['select', 'copy'] as const) results.push(await duringResult(gateway, watched, way, options));
  await sleep(3_000);
  const afterwards = residents(watched);
  return watched.map(({ name }, index) => {
    const memory = {
      process: name,
      atRest: atRest[index]!,
      idleSessions: options.idleSessions,
      underIdleSessions: idle[index]!,
      results: results.map((ofAll) => ofAll[index]!),
      afterwards: afterwards[index]!,
    };
    for (const { way, megabytes, quarters } of memory.results)
      say(`${name} during ${digits(megabytes)} MB by ${way}: ${quarters.map(digits).join(', ')} MB`);
    return memory;
  });
}

const residents = (watched: readonly Watched[]): number[] => watched.map(({ pid }) => residentMegabytes(pid));

const told = (watched: readonly Watched[], values: readonly number[]): string =>
  watched.map(({ name }, index) => `${name} ${digits(values[index]!)} MB`).join(', ');

export function quartersOf(series: readonly number[]): number[] {
  const size = Math.ceil(series.length / 4);
  return [0, 1, 2, 3]
    .map((quarter) => series.slice(quarter * size, (quarter + 1) * size))
    .filter(({ length }) => length > 0)
    .map((values) => Math.max(...values));
}

/** Sessions that have each asked one question, and then nothing. */
async function underIdleSessions(gateway: Peer, watched: readonly Watched[], count: number): Promise<number[]> {
  const config = clientConfig(await gateway.env());
  const clients = Array.from({ length: count }, () => new pg.Client(config));
  try {
    for (const client of clients) {
      client.on('error', () => undefined); // a lost one shows at its end
      await client.connect();
      await client.query('select 1');
    }
    await sleep(3_000);
    return residents(watched);
  } finally {
    await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
  }
}

async function duringResult(
  gateway: Peer,
  watched: readonly Watched[],
  way: Way,
  { watchedMegabytes, resultMegabytes }: Options,
): Promise<WatchedResult[]> {
  const samples: number[][] = [];
  const reader = await ResultReader.connect(clientConfig(await gateway.env()));
  const sampling = setInterval(() => samples.push(residents(watched)), 100);
  try {
    const sql = ways[way](shapes.clean.columns, Math.ceil(watchedMegabytes / resultMegabytes));
    const { bytes } = await reader.discard(sql);
    return watched.map((_one, index) => ({
      way,
      megabytes: bytes / 1e6,
      quarters: quartersOf(samples.map((sample) => sample[index]!)),
    }));
  } finally {
    clearInterval(sampling);
    reader.leave();
  }
}

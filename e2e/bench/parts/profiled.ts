import { existsSync, readFileSync, renameSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../testing/installation.js';
import { pgbench } from '../client/pgbench.js';
import { ResultReader } from '../client/result-reader.js';
import type { Options } from '../options.js';
import type { Bed } from '../peers/bed.js';
import { clientConfig, type PeerProcess } from '../peers/peer.js';
import { type Costs, type CpuProfile, costsOf } from '../profile.js';
import { shapes, ways } from './result.js';
import type { Say } from './rounds.js';

/** What one process of the product did with its time during one work. */
export interface Profiled extends Costs {
  readonly work: string;
  readonly process: string;
  /** Of the work, on the clock. */
  readonly seconds: number;
}

type Work = (bed: Bed, options: Options) => Promise<unknown>;

const load: Work = async ({ gateway }, { seconds }) =>
  pgbench(await gateway.env(), { mode: 'prepared', clients: 8, seconds: 2 * seconds });

const copy =
  (columns: string): Work =>
  async ({ gateway }) => {
    const reader = await ResultReader.connect(clientConfig(await gateway.env()));
    try {
      await reader.discard(ways.copy(columns));
    } finally {
      reader.leave();
    }
  };

const works: Readonly<Record<string, Work>> = {
  'pgbench, prepared, 8 clients': load,
  [`COPY, ${shapes.clean.title}`]: copy(shapes.clean.columns),
  [`COPY, ${shapes.masked.title}`]: copy(shapes.masked.columns),
};

export async function measureProfiles(bed: Bed, options: Options, say: Say): Promise<Profiled[]> {
  const results: Profiled[] = [];
  const watched = bed.gateway.processes.filter(({ name }) => name !== 'store');
  for (const [work, run] of Object.entries(works)) {
    say(`profile: ${work}`);
    results.push(...(await profiled({ work, watched, folder: bed.profiles }, () => run(bed, options))));
  }
  return results;
}

export interface Profiling {
  readonly work: string;
  readonly watched: readonly PeerProcess[];
  /** Where the processes leave their profiles. */
  readonly folder: string;
}

export async function profiled({ work, watched, folder }: Profiling, run: () => Promise<unknown>): Promise<Profiled[]> {
  toggle(watched);
  await sleep(500); // until the profilers run
  const began = performance.now();
  await run();
  const seconds = (performance.now() - began) / 1000;
  toggle(watched);
  const results: Profiled[] = [];
  for (const one of watched)
    results.push({ work, process: one.name, seconds, ...costsOf(await written(folder, one, work)) });
  return results;
}

const toggle = (processes: readonly PeerProcess[]): void => {
  for (const { pid } of processes) process.kill(pid, 'SIGUSR2');
};

/** Kept beside the figures, for tools that show such profiles. */
async function written(folder: string, { name, pid }: PeerProcess, work: string): Promise<CpuProfile> {
  const file = path.join(folder, `${pid}.cpuprofile`);
  await until(`the profile of the ${name} is written`, () => existsSync(file));
  const kept = path.join(folder, `${work}, ${name}.cpuprofile`);
  renameSync(file, kept);
  return JSON.parse(readFileSync(kept, 'utf8')) as CpuProfile;
}

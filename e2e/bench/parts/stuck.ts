import { setTimeout as sleep } from 'node:timers/promises';
import { pgbench } from '../client/pgbench.js';
import { ResultReader } from '../client/result-reader.js';
import { digits, type Spread, spread } from '../figures.js';
import type { Options } from '../options.js';
import type { Bed } from '../peers/bed.js';
import { clientConfig, type Peer } from '../peers/peer.js';
import { shapes, ways } from './result.js';
import { interleaved, type Say } from './rounds.js';

export const stuckReaders = 10;
const others = 8;

/** What eight clients notice of ten that asked for everything and do not read. Milliseconds, simple queries. */
export interface Stuck {
  readonly peer: string;
  readonly stuck: number;
  readonly tps: Spread;
  readonly p50: Spread;
  readonly p99: Spread;
}

interface Case {
  readonly peer: Peer;
  readonly stuck: number;
}

export async function measureStuck(bed: Bed, options: Options, say: Say): Promise<Stuck[]> {
  const peers = ['direct', 'tunnel', 'gateway'].flatMap((name) => bed.peer(name) ?? []);
  const cases = peers.flatMap((peer): Case[] => [0, stuckReaders].map((stuck) => ({ peer, stuck })));
  const results = await interleaved(cases, options.rounds, (one) => beside(one, options.seconds));
  return cases.map((one) => {
    const figures = results.get(one)!;
    const result = {
      peer: one.peer.name,
      stuck: one.stuck,
      tps: spread(figures.map(({ tps }) => tps)),
      p50: spread(figures.map(({ p50 }) => p50)),
      p99: spread(figures.map(({ p99 }) => p99)),
    };
    say(
      `${one.stuck} stuck, ${one.peer.title}: p50 ${digits(result.p50.median)} ms, p99 ${digits(result.p99.median)} ms`,
    );
    return result;
  });
}

async function beside({ peer, stuck }: Case, seconds: number) {
  const env = await peer.env();
  const readers = await Promise.all(Array.from({ length: stuck }, () => ResultReader.connect(clientConfig(env))));
  try {
    await Promise.all(readers.map((reader) => reader.getStuck(ways.select(shapes.clean.columns))));
    if (stuck > 0) await sleep(1_000); // until every buffer on the way is full
    return await pgbench(env, { mode: 'simple', clients: others, seconds });
  } finally {
    for (const reader of readers) reader.leave();
    if (stuck > 0) await sleep(1_000); // until the sessions have been taken down
  }
}

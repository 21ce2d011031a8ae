import { type Received, ResultReader } from '../client/result-reader.js';
import { digits, type Spread, spread } from '../figures.js';
import type { Options } from '../options.js';
import type { Bed } from '../peers/bed.js';
import { clientConfig, type Peer } from '../peers/peer.js';
import { cpuSeconds } from '../procfs.js';
import { interleaved, type Say } from './rounds.js';

export const shapes = {
  clean: { columns: 'id, note', title: 'no rule applies, detectors find nothing' },
  masked: { columns: 'id, secret', title: 'a column with a rule' },
  found: { columns: 'id, contact', title: 'an e-mail address found in each row' },
} as const;
export type Shape = keyof typeof shapes;

export const ways = {
  copy: (columns: string, times = 1) =>
    times === 1 ? `copy big (${columns}) to stdout` : `copy (${ways.select(columns, times)}) to stdout`,
  select: (columns: string, times = 1): string =>
    `select ${columns} from big${times === 1 ? '' : `, generate_series(1, ${times})`}`,
} as const;
export type Way = keyof typeof ways;

export interface BigResult {
  readonly peer: string;
  readonly way: Way;
  readonly shape: Shape;
  /** MB/s of what the target has sent: a mask makes the answer shorter, not the work. */
  readonly speed: Spread;
  /** MB that the target sends. */
  readonly megabytes: number;
  /** Seconds of CPU for 100 MB, by process. */
  readonly cpu: Readonly<Record<string, number>>;
}

interface Read extends Received {
  readonly cpu: readonly number[];
}

export async function measureResults(bed: Bed, options: Options, say: Say): Promise<BigResult[]> {
  const results: BigResult[] = [];
  const all = bed.peers.filter((peer) => peer.within === undefined); // one record for an answer is nothing beside it
  for (const way of Object.keys(ways) as Way[])
    for (const shape of Object.keys(shapes) as Shape[]) {
      const sql = ways[way](shapes[shape].columns);
      const peers = all.filter(({ rare }) => !rare || shape === 'clean');
      const sent = (await readThrough(bed.reference, sql)).bytes;
      const reads = await interleaved(peers, options.rounds, (peer) => readThrough(peer, sql));
      for (const peer of peers) {
        const result = resultOf(peer, { way, shape }, { sent, reads: reads.get(peer)! });
        say(`${way}, ${shape}, ${peer.title}: ${digits(result.speed.median)} MB/s`);
        results.push(result);
      }
    }
  return results;
}

async function readThrough(peer: Peer, sql: string): Promise<Read> {
  const reader = await ResultReader.connect(clientConfig(await peer.env()));
  try {
    const before = peer.processes.map(({ pid }) => cpuSeconds(pid));
    const received = await reader.discard(sql);
    return { ...received, cpu: peer.processes.map(({ pid }, index) => cpuSeconds(pid) - before[index]!) };
  } finally {
    reader.leave();
  }
}

function resultOf(
  peer: Peer,
  what: { way: Way; shape: Shape },
  { sent, reads }: { sent: number; reads: readonly Read[] },
): BigResult {
  const hundreds = sent / 1e8;
  return {
    peer: peer.name,
    ...what,
    megabytes: sent / 1e6,
    speed: spread(reads.map(({ seconds }) => sent / 1e6 / seconds)),
    cpu: Object.fromEntries(
      peer.processes.map(({ name }, index) => [name, spread(reads.map(({ cpu }) => cpu[index]!)).median / hundreds]),
    ),
  };
}

import { type Load, type PgbenchFigures, pgbench, secondsToConnect } from '../client/pgbench.js';
import { digits, median, type Spread, spread } from '../figures.js';
import type { Mode, Options } from '../options.js';
import type { Bed } from '../peers/bed.js';
import { type Peer, within } from '../peers/peer.js';
import { interleaved, type Say } from './rounds.js';
import { type Spent, spentDuring } from './spent.js';

export interface Recorded {
  readonly commitsPerSecond: number;
  readonly operationsPerCommit: number;
  readonly millisecondsPerCommit: number;
}

/** One peer under one load. */
export interface Throughput {
  readonly peer: string;
  readonly mode: Mode;
  readonly clients: number;
  readonly tps: Spread;
  /** Milliseconds. */
  readonly p50: Spread;
  readonly p99: Spread;
  /** Seconds of CPU for 1,000 transactions, by process. */
  readonly cpu: Readonly<Record<string, number>>;
  readonly recorded?: Recorded;
}

interface Round extends PgbenchFigures {
  readonly spent: Spent;
}

export async function measureThroughput(bed: Bed, options: Options, say: Say): Promise<Throughput[]> {
  const results: Throughput[] = [];
  say('warming up');
  for (const peer of bed.peers) await pgbench(await peer.env(), { mode: 'simple', clients: 8, seconds: 2 });
  for (const mode of options.modes)
    for (const clients of options.clients) {
      const peers = bed.peers.filter(({ rare }) => !rare || clients === 8);
      const rounds = await interleaved(peers, options.rounds, (peer) =>
        within(peer, () => oneRound(bed, peer, { mode, clients, seconds: options.seconds })),
      );
      for (const peer of peers) {
        const result = resultOf(peer, { mode, clients, seconds: options.seconds }, rounds.get(peer)!);
        say(
          `${mode}, ${clients} clients, ${peer.title}: ${digits(result.tps.median)} tps, ${digits(result.p50.median)} ms`,
        );
        results.push(result);
      }
    }
  return results;
}

async function oneRound({ installation }: Bed, peer: Peer, load: Load): Promise<Round> {
  const env = await peer.env();
  const running = pgbench(env, load);
  const spending = spentDuring(installation, peer, secondsToConnect(env, load.clients), running);
  const [figures, spent] = await Promise.all([running, spending]);
  return { ...figures, spent };
}

function resultOf(peer: Peer, load: Load, rounds: readonly Round[]): Throughput {
  const of = (read: (round: Round) => number): Spread => spread(rounds.map(read));
  return {
    peer: peer.name,
    mode: load.mode,
    clients: load.clients,
    tps: of(({ tps }) => tps),
    p50: of(({ p50 }) => p50),
    p99: of(({ p99 }) => p99),
    cpu: Object.fromEntries(
      peer.processes.map(({ name }) => [name, median(rounds.map(({ spent }) => spent.cpu[name]!))]),
    ),
    ...(peer.name.startsWith('gateway') ? { recorded: recordedIn(rounds) } : {}),
  };
}

const recordedIn = (rounds: readonly Round[]): Recorded => ({
  commitsPerSecond: median(rounds.map(({ spent }) => spent.commits.commits / spent.seconds)),
  operationsPerCommit: median(rounds.map(({ spent }) => spent.transactions / spent.commits.commits)),
  millisecondsPerCommit: median(rounds.map(({ spent }) => (spent.commits.seconds * 1000) / spent.commits.commits)),
});

import { setTimeout as sleep } from 'node:timers/promises';
import type { Installation } from '../../testing/installation.js';
import type { PgbenchFigures } from '../client/pgbench.js';
import type { Peer } from '../peers/peer.js';
import { cpuSeconds } from '../procfs.js';
import { between, type Commits, commitsOf } from './commits.js';

/** What a peer has used between the moment when all clients were connected and the last transaction. */
export interface Spent {
  readonly seconds: number;
  readonly transactions: number;
  /** Seconds of CPU for 1,000 transactions, by process. */
  readonly cpu: Readonly<Record<string, number>>;
  readonly commits: Commits;
}

/** @param afterSeconds how long the clients need to connect, which is not to be counted */
export async function spentDuring(
  installation: Installation,
  peer: Peer,
  afterSeconds: number,
  running: Promise<PgbenchFigures>,
): Promise<Spent> {
  await Promise.race([sleep(afterSeconds * 1000 + 300), running]);
  const commits = await commitsOf(installation);
  const [cpu, from] = [usedBy(peer), Date.now()];
  const { ends } = await running;
  const [used, seconds] = [usedBy(peer), (Date.now() - from) / 1000];
  const transactions = ends.filter((end) => end >= from).length;
  return {
    seconds,
    transactions,
    cpu: Object.fromEntries(
      peer.processes.map(({ name }, index) => [name, ((used[index]! - cpu[index]!) * 1000) / transactions]),
    ),
    commits: between(commits, await commitsOf(installation)),
  };
}

const usedBy = (peer: Peer): number[] => peer.processes.map(({ pid }) => cpuSeconds(pid));

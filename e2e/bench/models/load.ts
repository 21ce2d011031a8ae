/** Clients that each hold a conversation of their own. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { PeerProcess } from '../peers/peer.js';
import { cpuSeconds, residentMegabytes } from '../procfs.js';
import type { ModelWay } from './bed.js';
import { type Arrivals, ModelClient, type Wanted } from './client.js';

/** By process. */
export type ByProcess = Readonly<Record<string, number>>;

export interface LoadFigures {
  readonly answers: readonly Arrivals[];
  readonly seconds: number;
  /** Seconds of CPU. */
  readonly cpu: ByProcess;
}

export interface SingleLoad extends Wanted {
  readonly seconds: number;
}

/** One client, one question after the other. */
export async function oneByOne(way: ModelWay, { seconds, ...wanted }: SingleLoad): Promise<LoadFigures> {
  const client = new ModelClient(way, conversation());
  try {
    await client.ask({ words: 1 }); // the connection, a way through the agent, and the conversation
    return await costsOf(way, async () => {
      const answers: Arrivals[] = [];
      for (const end = performance.now() + seconds * 1000; performance.now() < end; )
        answers.push(await client.ask(wanted));
      return answers;
    });
  } finally {
    client.close();
  }
}

export interface CrowdFigures extends LoadFigures {
  /** Those that failed say why, once each. */
  readonly failures: readonly string[];
  /** Resident megabytes before the first question, and the most while all streams were under way. */
  readonly before: ByProcess;
  readonly peak: ByProcess;
  /** Streams that had their first token and not their last at once. */
  readonly atOnce: number;
}

export interface Crowding extends Wanted {
  readonly streams: number;
  /** From the first question to the last. */
  readonly spreadMs: number;
}

/** Everybody has a stream at once, over connections that are open already. */
export async function crowd(way: ModelWay, { streams, spreadMs, ...wanted }: Crowding): Promise<CrowdFigures> {
  const clients = Array.from({ length: streams }, () => new ModelClient(way, conversation()));
  const open = new Counter();
  const peak = new Peaks(way.processes);
  const failures = new Set<string>();
  try {
    for (const client of clients) await client.ask({ words: 1 });
    const before = Object.fromEntries(way.processes.map(({ name, pid }) => [name, residentMegabytes(pid)]));
    peak.watch();
    const figures = await costsOf(way, async () => {
      const settled = await Promise.allSettled(
        clients.map(async (client, index) => {
          await sleep((index * spreadMs) / streams);
          return open.during(client, wanted);
        }),
      );
      return settled.flatMap((one) => {
        if (one.status === 'fulfilled') return [one.value];
        failures.add(String(one.reason));
        return [];
      });
    });
    return { ...figures, failures: [...failures], before, peak: peak.stop(), atOnce: open.most };
  } finally {
    peak.stop();
    for (const client of clients) client.close();
  }
}

let conversations = 0;
const conversation = (): string => `bench-${process.pid}-${(conversations += 1)}`;

async function costsOf(way: ModelWay, work: () => Promise<Arrivals[]>): Promise<LoadFigures> {
  const used = (): number[] => way.processes.map(({ pid }) => cpuSeconds(pid));
  const [before, began] = [used(), performance.now()];
  const answers = await work();
  const [after, seconds] = [used(), (performance.now() - began) / 1000];
  const cpu = Object.fromEntries(way.processes.map(({ name }, index) => [name, after[index]! - before[index]!]));
  return { answers, seconds, cpu };
}

class Counter {
  most = 0;
  #open = 0;

  async during(client: ModelClient, wanted: Wanted): Promise<Arrivals> {
    let counted = false;
    try {
      return await client.ask(wanted, () => {
        counted = true;
        this.#open += 1;
        this.most = Math.max(this.most, this.#open);
      });
    } finally {
      if (counted) this.#open -= 1;
    }
  }
}

class Peaks {
  readonly #peaks: Record<string, number> = {};
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly processes: readonly PeerProcess[]) {}

  watch(): void {
    this.#timer = setInterval(() => this.#look(), 100);
  }

  stop(): ByProcess {
    clearInterval(this.#timer);
    return this.#peaks;
  }

  #look(): void {
    for (const { name, pid } of this.processes)
      this.#peaks[name] = Math.max(this.#peaks[name] ?? 0, residentMegabytes(pid));
  }
}

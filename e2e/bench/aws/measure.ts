import { setTimeout as sleep } from 'node:timers/promises';
import { digits, type Spread, spread } from '../figures.js';
import type { Options } from '../options.js';
import { quartersOf } from '../parts/memory.js';
import { interleaved, type Say } from '../parts/rounds.js';
import type { Bed } from '../peers/bed.js';
import { residentMegabytes } from '../procfs.js';
import { type AwsWay, awsWays } from './bed.js';
import type { CallName } from './calls.js';
import { type CatalogueFigures, measureCatalogue } from './catalogue.js';
import { type LoadFigures, load } from './load.js';
import { measureSdk, type SdkFigures } from './sdk.js';

/** One way under one load. */
export interface AwsCalls {
  readonly way: string;
  readonly call: CallName;
  /** Bytes of an object; 0 for an item. */
  readonly size: number;
  readonly clients: number;
  readonly p50: Spread;
  readonly p99: Spread;
  readonly perSecond: Spread;
  /** Milliseconds of CPU for one request, by process. */
  readonly cpu: Readonly<Record<string, number>>;
}

/** Resident megabytes of a process while a large object passes: the peaks of the quarters of its time. */
export interface AwsMemory {
  readonly way: string;
  readonly call: CallName;
  readonly clients: number;
  readonly process: string;
  readonly before: number;
  readonly quarters: readonly number[];
}

export interface AwsFigures {
  readonly titles: Readonly<Record<string, string>>;
  readonly calls: readonly AwsCalls[];
  readonly memory: readonly AwsMemory[];
  readonly sdk: readonly SdkFigures[];
  readonly catalogue: CatalogueFigures;
}

interface Case {
  readonly call: CallName;
  readonly size: number;
  readonly clients: number;
}

const kilobyte = 1000;
export const largeFrom = 10 * 1000 * kilobyte;
const counts = [1, 8];

const cases = ({ watchedMegabytes }: Options): Case[] =>
  counts.flatMap((clients): Case[] => [
    ...(['GetItem', 'PutItem'] as const).map((call) => ({ call, size: 0, clients })),
    ...[kilobyte, 1000 * kilobyte, (watchedMegabytes * 1000 * kilobyte) / clients].flatMap((size) =>
      (['GetObject', 'PutObject'] as const).map((call) => ({ call, size, clients })),
    ),
  ]);

export async function measureAws(bed: Bed, options: Options, say: Say): Promise<AwsFigures> {
  const catalogue = measureCatalogue();
  say(`catalogue: ${digits(catalogue.milliseconds)} ms, ${digits(catalogue.heapMegabytes)} MB of heap`);
  const ways = await awsWays(bed);
  say('warming up');
  const warm = { most: 10_000, seconds: 4, clients: 8 };
  for (const way of ways)
    for (const call of ['GetItem', 'PutObject', 'GetObject'] as const)
      await load(way, { ...warm, call: { name: call, size: 100_000 } });
  const memory: AwsMemory[] = [];
  const calls: AwsCalls[] = [];
  for (const one of cases(options)) calls.push(...(await measureCase(ways, one, { options, memory, say })));
  const sdk: SdkFigures[] = [];
  for (const way of ways.filter(({ name }) => name !== 'unmasked')) sdk.push(await measureSdk(way, options.seconds));
  return { titles: Object.fromEntries(ways.map(({ name, title }) => [name, title])), calls, memory, sdk, catalogue };
}

interface Around {
  readonly options: Options;
  readonly memory: AwsMemory[];
  readonly say: Say;
}

async function measureCase(ways: readonly AwsWay[], one: Case, { options, memory, say }: Around): Promise<AwsCalls[]> {
  const isLarge = one.size >= largeFrom;
  const rounds = isLarge ? 1 : options.rounds;
  const figures = await interleaved(ways, rounds, async (way) =>
    isLarge ? watched(way, one, memory) : load(way, { ...loadOf(one), most: 1_000_000, seconds: options.seconds }),
  );
  return ways.map((way) => {
    const result = resultOf(way, one, figures.get(way)!);
    say(
      `${one.call}, ${one.size} bytes, ${one.clients} clients, ${way.title}: median ${digits(result.p50.median)} ms, ` +
        `${digits((result.perSecond.median * one.size) / 1e6)} MB/s, CPU ${told(result.cpu)}`,
    );
    return result;
  });
}

const loadOf = ({ call, size, clients }: Case) => ({ call: { name: call, size }, clients });

const told = (cpu: Readonly<Record<string, number>>): string =>
  Object.entries(cpu)
    .map(([name, ms]) => `${name} ${digits(ms)} ms`)
    .join(', ');

async function watched(way: AwsWay, one: Case, memory: AwsMemory[]): Promise<LoadFigures> {
  const processes = way.processes.filter(({ name }) => name !== 'store');
  const residents = (): number[] => processes.map(({ pid }) => residentMegabytes(pid));
  const before = residents();
  const samples: number[][] = [];
  const sampling = setInterval(() => samples.push(residents()), 100);
  try {
    return await load(way, { ...loadOf(one), most: 1, seconds: 1_000 });
  } finally {
    clearInterval(sampling);
    for (const [index, { name }] of processes.entries())
      memory.push({
        way: way.name,
        call: one.call,
        clients: one.clients,
        process: name,
        before: before[index]!,
        quarters: quartersOf(samples.map((sample) => sample[index]!)),
      });
    await sleep(500);
  }
}

function resultOf(way: AwsWay, { call, size, clients }: Case, rounds: readonly LoadFigures[]): AwsCalls {
  const of = (read: (round: LoadFigures) => number): Spread => spread(rounds.map(read));
  return {
    way: way.name,
    call,
    size,
    clients,
    p50: of(({ p50 }) => p50),
    p99: of(({ p99 }) => p99),
    perSecond: of(({ requests, seconds }) => requests / seconds),
    cpu: Object.fromEntries(
      way.processes.map(({ name }) => [name, of(({ cpu, requests }) => (cpu[name]! * 1000) / requests).median]),
    ),
  };
}

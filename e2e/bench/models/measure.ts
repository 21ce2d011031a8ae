import { ascending, digits, median, percentile, type Spread, spread } from '../figures.js';
import type { Options } from '../options.js';
import { interleaved, type Say } from '../parts/rounds.js';
import type { Bed } from '../peers/bed.js';
import { type ModelWay, modelWays } from './bed.js';
import type { Arrivals, Wanted } from './client.js';
import { type ByProcess, type CrowdFigures, type Crowding, crowd, type LoadFigures, oneByOne } from './load.js';
import { warmUp } from './warm-up.js';

/** Milliseconds, of all that came in all rounds. */
export interface Quantiles {
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
}

/** One client, answers that come all at once: what is left is the way. */
export interface FirstTokens {
  readonly way: string;
  readonly requests: number;
  readonly p50: Spread;
  readonly p99: Spread;
  /** Milliseconds of CPU for one request, by process. */
  readonly cpu: ByProcess;
}

/** One client, a delta every some milliseconds. */
export interface Pace {
  readonly way: string;
  readonly first: Quantiles;
  readonly gaps: Quantiles;
  readonly deltas: number;
  /** Of these, how many came so late after the one before that somebody has held them for more than `heldMs`. */
  readonly held: number;
}

/** Many streams at once. */
export interface Crowd {
  readonly way: string;
  readonly streams: number;
  readonly whole: number;
  readonly atOnce: number;
  readonly first: Quantiles;
  readonly gaps: Quantiles;
  readonly seconds: number;
  /** Milliseconds of CPU for one stream, and what part of a core that was. */
  readonly cpu: ByProcess;
  readonly cores: ByProcess;
  /** Resident megabytes more than before, of one stream, by process. */
  readonly memory: ByProcess;
}

export interface ModelFigures {
  readonly titles: Readonly<Record<string, string>>;
  readonly single: readonly FirstTokens[];
  readonly paced: readonly Pace[];
  readonly many: readonly Crowd[];
}

export const everyMs = 10;
export const heldMs = 20;
const atOnce: Wanted = { words: 20 };
const paced: Wanted = { words: 150, every: everyMs };
/** They begin one after the other and last long enough for all to be under way together. */
export const inCrowd: Crowding = { streams: 200, spreadMs: 5_000, words: 100, every: 100 };

export async function measureModels(bed: Bed, { rounds, seconds }: Options, say: Say): Promise<ModelFigures> {
  const ways = await modelWays(bed);
  await warmUp(ways, say);
  const single = await interleaved(ways, rounds, (way) => oneByOne(way, { ...atOnce, seconds }));
  for (const way of ways) say(`first token, ${way.title}: ${told(single.get(way)!.flatMap(({ answers }) => answers))}`);
  const pace = await interleaved(ways, rounds, (way) => oneByOne(way, { ...paced, seconds }));
  for (const way of ways)
    say(`gaps, ${way.title}: ${inWords(gapsOf(pace.get(way)!.flatMap(({ answers }) => answers)))}`);
  const many = await interleaved(ways, rounds, (way) => crowd(way, inCrowd));
  for (const way of ways) {
    say(`${inCrowd.streams} streams, ${way.title}: ${told(many.get(way)!.flatMap(({ answers }) => answers))}`);
    for (const failure of many.get(way)!.flatMap(({ failures }) => failures)) say(`  not whole: ${failure}`);
  }
  return {
    titles: Object.fromEntries(ways.map(({ name, title }) => [name, title])),
    single: ways.map((way) => firstTokensOf(way, single.get(way)!)),
    paced: ways.map((way) => paceOf(way, pace.get(way)!)),
    many: ways.map((way) => crowdOf(way, many.get(way)!)),
  };
}

const firstsOf = (answers: readonly Arrivals[]): number[] => ascending(answers.map(([first]) => first!));

export const gapsOf = (answers: readonly Arrivals[]): number[] =>
  ascending(answers.flatMap((arrivals) => arrivals.slice(1).map((at, index) => at - arrivals[index]!)));

export const quantilesOf = (sorted: readonly number[]): Quantiles => ({
  p50: percentile(sorted, 0.5),
  p99: percentile(sorted, 0.99),
  most: percentile(sorted, 1),
});

const inWords = (sorted: readonly number[]): string => {
  const { p50, p99, most } = quantilesOf(sorted);
  return `median ${digits(p50)} ms, 99 % ${digits(p99)} ms, most ${digits(most)} ms of ${sorted.length}`;
};
const told = (answers: readonly Arrivals[]): string => inWords(firstsOf(answers));

function firstTokensOf({ name, processes }: ModelWay, rounds: readonly LoadFigures[]): FirstTokens {
  const of = (part: number): Spread => spread(rounds.map(({ answers }) => percentile(firstsOf(answers), part)));
  return {
    way: name,
    requests: rounds.reduce((sum, { answers }) => sum + answers.length, 0),
    p50: of(0.5),
    p99: of(0.99),
    cpu: Object.fromEntries(
      processes.map((one) => [
        one.name,
        median(rounds.map(({ cpu, answers }) => (cpu[one.name]! * 1000) / answers.length)),
      ]),
    ),
  };
}

function paceOf({ name }: ModelWay, rounds: readonly LoadFigures[]): Pace {
  const answers = rounds.flatMap((round) => round.answers);
  const gaps = gapsOf(answers);
  return {
    way: name,
    first: quantilesOf(firstsOf(answers)),
    gaps: quantilesOf(gaps),
    deltas: gaps.length,
    held: gaps.filter((gap) => gap > everyMs + heldMs).length,
  };
}

/** Of memory the first round counts: a process keeps what it has once had. */
function crowdOf({ name, processes }: ModelWay, rounds: readonly CrowdFigures[]): Crowd {
  const answers = rounds.flatMap((round) => round.answers);
  const by = (read: (round: CrowdFigures, process: string) => number): ByProcess =>
    Object.fromEntries(processes.map((one) => [one.name, median(rounds.map((round) => read(round, one.name)))]));
  const { before, peak } = rounds[0]!;
  const { streams } = inCrowd;
  return {
    way: name,
    streams,
    whole: Math.min(...rounds.map((round) => round.answers.length)),
    atOnce: Math.min(...rounds.map((round) => round.atOnce)),
    first: quantilesOf(firstsOf(answers)),
    gaps: quantilesOf(gapsOf(answers)),
    seconds: median(rounds.map(({ seconds }) => seconds)),
    cpu: by(({ cpu }, process) => (cpu[process]! * 1000) / streams),
    cores: by(({ cpu, seconds }, process) => cpu[process]! / seconds),
    memory: Object.fromEntries(
      processes
        .filter((one) => one.name !== 'store')
        .map((one) => [one.name, (peak[one.name]! - before[one.name]!) / streams]),
    ),
  };
}

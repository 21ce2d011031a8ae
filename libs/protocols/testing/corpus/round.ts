/** One round of the corpus: cases under one policy, each in its worlds, each with its verdict. */
import { type Case, isSql } from './cases.js';
import { adapterFor, type Played, Stage, type StageOptions, scriptOf, send, type Way, ways } from './play.js';
import { Talk } from './talk.js';
import { judge } from './verdict.js';
import { databaseOf, type World, type Worlds, worlds } from './worlds.js';

export interface Turn {
  readonly one: Case;
  readonly way: Way;
}

/** A text of several statements is a syntax error in the extended protocol, whoever judges it. */
const isOneStatement = (one: Case): boolean => isSql(one) && !/;\s*\S/.test(one.input.replace(/'[^']*'/g, ''));

/** Each case the ways that it can be sent. */
export const everyWay = (cases: readonly Case[]): Turn[] =>
  cases.flatMap((one) => (isSql(one) ? ways : (['simple'] as const)).map((way) => ({ one, way })));

/** @param slice which of how many, as `2/5`: what is left out of one slice is in another */
export function sliceOf(turns: readonly Turn[], slice = '1/1'): Turn[] {
  const [which, of] = slice.split('/').map(Number);
  if (!(which! >= 1 && which! <= of!)) throw new Error(`"${slice}" is no slice: write "2/5" for the second of five`);
  return turns.filter((_turn, index) => index % of! === which! - 1);
}

/** Each case one way: by turns, where it can be sent several ways. */
export const oneWay = (cases: readonly Case[]): Turn[] =>
  cases.map((one, index) => ({ one, way: isOneStatement(one) ? ways[index % ways.length]! : 'simple' }));

async function direct(built: Worlds, { one, way }: Turn): Promise<Awaited<ReturnType<typeof send>>> {
  const talk = await Talk.direct(built.login(databaseOf('a')));
  const heard = await send(talk, scriptOf(one, way, adapterFor(built)));
  talk.end();
  return heard;
}

export interface RoundOptions extends StageOptions {
  /** Which worlds, where two are enough. */
  readonly worlds?: readonly World[];
  /** Ends the round with the first failure. */
  readonly first?: boolean;
}

/** @returns what failed, by case and way; a digest that moved at the end only is the whole round's failure */
export async function playRound(
  built: Worlds,
  turns: readonly Turn[],
  options: RoundOptions = {},
): Promise<Record<string, string[]>> {
  const names = options.worlds ?? worlds;
  const stages = await Promise.all(names.map((world) => Stage.of(built, world, options)));
  const failures: Record<string, string[]> = {};
  const before = await Promise.all(stages.map((stage) => stage.oracle.whole()));
  for (const turn of turns) {
    const problems = await judged(built, stages, turn).catch((error: Error) => [`not played: ${error.message}`]);
    if (problems.length > 0) failures[`${turn.one.id} ${turn.way}`] = problems;
    if (options.first && problems.length > 0) break;
  }
  const after = await Promise.all(stages.map((stage) => stage.oracle.whole()));
  if (before.join() !== after.join()) failures['the round'] = ['the target changed'];
  for (const stage of stages) await stage[Symbol.asyncDispose]();
  return failures;
}

async function judged(built: Worlds, stages: readonly Stage[], turn: Turn): Promise<string[]> {
  const played = await Promise.all(stages.map((stage) => stage.play(turn.one, turn.way)));
  const seen = Object.fromEntries(stages.map(({ world }, index) => [world, played[index]!])) as Record<World, Played>;
  const compared = turn.one.expect === 'allow' && { direct: await direct(built, turn) };
  return judge(turn.one, { ...seen, ...compared })!;
}

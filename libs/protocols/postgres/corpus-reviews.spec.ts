/** The corpus' writes with a reviewer: nothing runs before the approval, and afterwards what was approved, once. */
import { GatewayError, type Operation } from '@sallyport/core';
import type { Guards } from '@sallyport/engine';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Case, isFrames, playable } from '../testing/corpus/cases.js';
import { adapterFor, type Played, Stage, scriptOf, send, ways } from '../testing/corpus/play.js';
import { everyWay, type Turn } from '../testing/corpus/round.js';
import type { StateOracle } from '../testing/corpus/state.js';
import { Talk } from '../testing/corpus/talk.js';
import type { Arrived } from '../testing/corpus/tap.js';
import { bytesOf, errorsOf, judge } from '../testing/corpus/verdict.js';
import { buildWorlds, databaseOf, type World, type Worlds, worlds } from '../testing/corpus/worlds.js';
import type { GatewayOptions } from '../testing/postgres-gateway.js';

let built: Worlds;
let desks: Readonly<Record<'a' | 'b', Desk>>;
let orders: string;
beforeAll(async () => {
  built = await buildWorlds();
  desks = { a: await Desk.in('a'), b: await Desk.in('b') };
  orders = (await asking('a', (oracle) => oracle.first('select json_agg(o)::text from app.orders o')))!;
});
afterAll(async () => {
  for (const desk of Object.values(desks ?? {})) await desk.stage[Symbol.asyncDispose]();
  await built?.[Symbol.asyncDispose]();
});

/** The one table that these writes may change, as it was. */
const restore =
  'truncate app.orders; insert into app.orders select * from json_populate_recordset(null::app.orders, $j$';
beforeEach(async () => {
  for (const world of worlds)
    await asking(world, (oracle) => oracle.run(`${restore}${orders}$j$); analyze app.orders`));
});

const writes = playable.filter(({ policy, expect }) => policy === 'rw_approve' && expect !== 'deny');
const refused = playable.filter(({ policy, expect }) => policy === 'rw_approve' && expect === 'deny');

/** How often the target was told to run something. */
const runs = (arrived: readonly Arrived[]): number => arrived.filter(({ letter }) => 'QE'.includes(letter)).length;

interface Question {
  readonly operation: Operation;
  /** What the target had been told to run of the case, and whether it had changed, while this was asked. */
  readonly ran: number;
  readonly changed: boolean;
}

/** A reviewer of one world who looks at the target before answering, and approves the first few. */
class Desk {
  questions: Question[] = [];
  stage!: Stage;
  #approves = 0;
  #before = '';

  static async in(world: World): Promise<Desk> {
    const desk = new Desk();
    const gateway = (options: GatewayOptions) => ({ ...options, review: desk.#review });
    desk.stage = await Stage.of(built, world, { policy: 'rw_approve', gateway });
    return desk;
  }

  async play({ one, way }: Turn, approves = Number.POSITIVE_INFINITY): Promise<Played> {
    this.questions = [];
    this.#approves = approves;
    this.#before = await this.stage.oracle.digest();
    return this.stage.play(one, way);
  }

  readonly #review: Guards['review'] = async (operation) => {
    const changed = (await this.stage.oracle.digest()) !== this.#before;
    this.questions.push({ operation, ran: runs(this.stage.tap.arrived), changed });
    if (this.questions.length > this.#approves) throw new GatewayError('REVIEW_REJECTED', 'not this one');
    return { outcome: 'allow', policies: [], policyVersion: 1 };
  };
}

/** Tables that a write may have changed, row by row. */
const rowsSql = `select string_agg(row, ',' order by row) from (
  select 'o' || o::text as row from app.orders o union all select 'p' || p::text from app.products p
  union all select 'c' || c.id || c.name from app.customers c union all select 'm' || m::text from app.marker m) rows`;

async function asking<T>(world: World, ask: (oracle: StateOracle) => Promise<T>): Promise<T> {
  const oracle = await built.oracle(databaseOf(world));
  try {
    return await ask(oracle);
  } finally {
    await oracle.end();
  }
}
const rowsOf = (world: World): Promise<string | null> => asking(world, (oracle) => oracle.first(rowsSql));

const directly = async (world: World, { one, way }: Turn) => {
  const talk = await Talk.direct(built.login(databaseOf(world)));
  const heard = await send(talk, scriptOf(one, way, adapterFor(built)));
  talk.end();
  return heard;
};

const executions = (one: Case): number =>
  isFrames(one) ? one.input.frames.filter(({ op }) => op === 'Execute').length : 1;

test('there are writes to play, in every way', () => {
  expect(writes.length).toBeGreaterThanOrEqual(8);
  expect(new Set(everyWay(writes).map(({ way }) => way))).toEqual(new Set(ways));
});

test.each(everyWay(writes).map((turn) => [`${turn.one.id} ${turn.way}`, turn] as const))(
  '%s waits for its reviewer, then does what it does directly, once',
  async (_name, turn) => {
    const { one } = turn;
    const before = await rowsOf('a');
    const played = await desks.a.play(turn);
    const elsewhere = await desks.b.play(turn);
    const heard = await directly('c', turn);

    // Asked for each pair of text and parameters on its own, before the target has heard of it.
    const { questions } = desks.a;
    expect(questions).toHaveLength(executions(one));
    expect(questions.filter(({ ran, changed }, index) => ran > index || changed)).toEqual([]);
    expect(new Set(questions.map(({ operation }) => operation.digest)).size).toBe(executions(one));
    // Then it ran as often as it was approved, and did what it does without a gateway.
    expect(errorsOf(played.heard)).toEqual([]);
    expect(runs(played.arrived)).toBe(executions(one));
    expect(await rowsOf('a')).not.toBe(before);
    expect(await rowsOf('a')).toBe(await rowsOf('c'));
    expect(await rowsOf('b')).toBe(await rowsOf('c'));
    expect(played.usable).toBe(true);
    // And its answer is the target's own, or masked: no world can be told from the other.
    expect(bytesOf(elsewhere.heard)).toBe(bytesOf(played.heard));
    if (one.leak === undefined) expect(bytesOf(played.heard)).toBe(bytesOf(heard));
    expect(judge({ ...one, expect: 'never_shown' }, { a: played, b: elsewhere })).toEqual([]);
  },
);

const pairs = writes.filter((one) => executions(one) > 1);

test.each(pairs.map((one) => [one.id, one] as const))(
  '%s: an approval of the first parameters is none of the second ones',
  async (_id, one) => {
    const before = await rowsOf('a');
    const played = await desks.a.play({ one, way: 'simple' }, 1);
    expect(desks.a.questions).toHaveLength(2);
    expect(errorsOf(played.heard).join()).toContain('not this one');
    expect(runs(played.arrived)).toBe(1);
    expect(await rowsOf('a')).toBe(before); // one transaction up to Sync: its first half is undone
    expect(played.usable).toBe(true);
  },
);

test.each(everyWay(refused).map((turn) => [`${turn.one.id} ${turn.way}`, turn] as const))(
  '%s reaches no reviewer',
  async (_name, turn) => {
    const [a, b] = [await desks.a.play(turn), await desks.b.play(turn)];
    expect(desks.a.questions).toEqual([]);
    expect(judge(turn.one, { a, b })).toEqual([]);
  },
);

/** The evasion corpus, case by case, through both gates before a real server, judged by four oracles. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { allCases, type Case, casesOf, controlled, playable } from '../testing/corpus/cases.js';
import { playedElsewhere } from '../testing/corpus/elsewhere.js';
import { referenceRules } from '../testing/corpus/policies.js';
import { everyWay, oneWay, playRound, sliceOf, type Turn } from '../testing/corpus/round.js';
import { buildWorlds, type Worlds } from '../testing/corpus/worlds.js';
import type { GatewayOptions } from '../testing/postgres-gateway.js';

/**
 * By default each case goes one way, all ways by turns; `SALLYPORT_CORPUS=all` sends each one every way, and
 * under strict mode too; `SALLYPORT_SLICE=2/5` plays a part of that.
 */
const all = process.env['SALLYPORT_CORPUS'] === 'all';
const turnsOf = (cases: readonly Case[]): Turn[] =>
  sliceOf(all ? everyWay(cases) : oneWay(cases), process.env['SALLYPORT_SLICE']);
const limitMs = all ? 1_800_000 : 240_000;

let built: Worlds;
beforeAll(async () => {
  built = await buildWorlds();
});
afterAll(() => built?.[Symbol.asyncDispose]());

const of = (policy: Case['policy']): Case[] => playable.filter((one) => one.policy === policy);

test.each(['ro_masked', 'rw_approve'] as const)(
  'every case holds under %s',
  async (policy) => {
    expect(await playRound(built, turnsOf(of(policy)), { policy })).toEqual({});
  },
  limitMs,
);

/** A pack may refuse what the reference policy takes; what it must not do is let anything out. */
const asHidden = (cases: readonly Case[]): Case[] =>
  cases.map((one) => (one.expect === 'mask' || one.expect === 'allow' ? { ...one, expect: 'mask_or_deny' } : one));

test(
  'every case that the reference policy refuses or masks holds for an AI identity under postgres-strict',
  async () => {
    const cases = asHidden([...of('ro_masked'), ...of('rw_approve')]);
    const some = all ? turnsOf(cases) : everyWay(cases).filter(isSeventh);
    expect(await playRound(built, some, { policy: 'strict', worlds: ['a', 'b'] })).toEqual({});
  },
  limitMs,
);

const isSeventh = (_turn: unknown, index: number): boolean => index % 7 === 0;

/** Decisions are the first gate; this is the second one alone. */
test(
  'no masked value is shown where the policy allows everything',
  async () => {
    const masking = casesOf('masking.jsonl').map((one): Case => ({ ...one, expect: 'never_shown' }));
    const open = { worlds: ['a'], gateway: (options: GatewayOptions) => ({ ...options, decide: undefined }) } as const;
    const failures = await playRound(built, turnsOf(masking), open);
    delete failures['the round']; // what writes is not refused here
    await built.build('a');
    expect(failures).toEqual({});
  },
  limitMs,
);

test(
  'what a detector alone knows can be guessed by conditions, until a rule names the column',
  async () => {
    for (const one of controlled) {
      const rule = { id: 'named', kind: 'column', column: one.control, action: 'redact' } as const;
      const unnamed = await playRound(built, everyWay([one]), { worlds: ['a', 'b'] });
      expect(Object.values(unnamed).flat()).toContain('world b differs from world a');
      expect(await playRound(built, everyWay([one]), { worlds: ['a', 'b'], rules: [...referenceRules, rule] })).toEqual(
        {},
      );
    }
  },
  limitMs,
);

test('every case is played, here or by a test that is named', () => {
  const here = new Set([...playable, ...controlled].map(({ id }) => id));
  const missing = [...allCases, ...casesOf('gateway.jsonl')].filter(
    ({ id }) => !here.has(id) && !playedElsewhere.has(id),
  );
  expect(missing.map(({ id }) => id)).toEqual([]);
});

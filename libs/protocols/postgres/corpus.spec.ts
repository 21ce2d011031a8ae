/** The evasion corpus, case by case, through both gates before a real server, judged by four oracles. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Case, playable } from '../testing/corpus/cases.js';
import { everyWay, oneWay, playRound } from '../testing/corpus/round.js';
import { buildWorlds, type Worlds } from '../testing/corpus/worlds.js';

/** By default each case goes one way, all ways by turns; `SALLYPORT_CORPUS=all` sends each one every way, and under every policy. */
const all = process.env['SALLYPORT_CORPUS'] === 'all';
const turnsOf = all ? everyWay : oneWay;
const limitMs = all ? 900_000 : 240_000;

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

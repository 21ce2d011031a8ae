/** The evasion corpus, case by case, through both gates before a real server, judged by four oracles. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allCases, type Case, isSql } from '../testing/corpus/cases.js';
import { knownFailures } from '../testing/corpus/known.js';
import { adapterFor, scriptOf, send, Stage, ways, type Way } from '../testing/corpus/play.js';
import { Talk } from '../testing/corpus/talk.js';
import { judge, type Seen } from '../testing/corpus/verdict.js';
import { buildWorlds, databaseOf, worlds, type Worlds } from '../testing/corpus/worlds.js';

let built: Worlds;
beforeAll(async () => {
  built = await buildWorlds();
});
afterAll(() => built?.[Symbol.asyncDispose]());

const policies = ['ro_masked', 'rw_approve'] as const;

/** Raw messages are what they are; SQL goes each way. */
const casesFor = (policy: Case['policy'], way: Way): Case[] =>
  allCases.filter((one) => one.policy === policy && (isSql(one) ? one.transport !== 'simple_norun' : way === 'simple'));

async function direct(one: Case, way: Way): Promise<Seen['direct']> {
  const talk = await Talk.direct(built.login(databaseOf('a')));
  const heard = await send(talk, scriptOf(one, way, adapterFor(built)));
  talk.end();
  return heard;
}

describe.each(ways)('%s', (way) => {
  test.each(policies)('every case holds under %s', async (policy) => {
    const stages = await Promise.all(worlds.map((world) => Stage.of(built, world, { policy })));
    const failures: Record<string, string[]> = {};
    for (const one of casesFor(policy, way)) {
      const t0=performance.now();
      const played = await Promise.all(stages.map((stage) => stage.play(one, way)));
      process.stderr.write(`${way} ${one.id} ${(performance.now()-t0).toFixed(0)}\n`);
      const seen = Object.fromEntries(worlds.map((world, index) => [world, played[index]!]));
      const problems = judge(one, { ...seen, ...(one.expect === 'allow' && { direct: (await direct(one, way))! }) });
      if (problems?.some((x)=>x.includes('changed'))) process.stderr.write('CHANGED '+one.id+'\n');
      if (problems !== undefined && problems.length > 0) failures[one.id] = problems;
    }
    for (const stage of stages) await stage[Symbol.asyncDispose]();
    const unknown = Object.entries(failures).filter(([id]) => !knownFailures.has(id));
    console.log(JSON.stringify(failures,null,1));
    expect(Object.fromEntries(unknown)).toEqual({});
  });
});

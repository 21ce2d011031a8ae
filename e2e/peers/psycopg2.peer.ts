/** psycopg2's own tests on a server alone and on one like it behind the gateway. */
import { peerMissing } from '@sallyport/testkit';
import { expect, test } from 'vitest';
import { Twins } from '../testing/twin.js';
import { debianServer } from './debian-server.js';
import { whyPsycopgDiffers } from './known-differences.js';
import { psycopg2Run, psycopg2Suite, type Suite } from './psycopg2.js';
import { Report } from './report.js';
import { NotToBeHad } from './source-package.js';

function suite(): Suite | string {
  const missing = peerMissing('postgres') ?? peerMissing('python3');
  if (missing !== undefined) return missing;
  try {
    return psycopg2Suite();
  } catch (error) {
    if (error instanceof NotToBeHad) return `skipped: psycopg2's tests are not to be had (${error.message})`;
    throw error;
  }
}

test("psycopg2's tests come out the same", async (context) => {
  const found = suite();
  if (typeof found === 'string') {
    process.stderr.write(`${found}\n`);
    return context.skip(found);
  }
  await using twins = await Twins.start({
    startTarget: debianServer,
    targetSettings: { max_prepared_transactions: '10', autovacuum: 'off' },
    targetSql: 'create extension hstore;',
  });
  const [direct, gateway] = await Promise.all((await twins.ways()).map((way) => psycopg2Run(found, way)));
  const report = new Report('psycopg2', ['test', 'direct', 'through the gateway', 'why']);
  report.keep('direct.out', direct!.printed);
  report.keep('gateway.out', gateway!.printed);
  const unexplained: string[] = [];
  for (const [name, word] of direct!.tests) {
    const other = gateway!.tests.get(name) ?? 'did not run';
    const why = other === word ? undefined : whyPsycopgDiffers(name);
    report.row([name, word, other, why ?? '']);
    if (other !== word && why === undefined) unexplained.push(`${name}: ${word}, but ${other}`);
  }
  expect(direct!.tests.size).toBeGreaterThan(500);
  expect(unexplained).toEqual([]);
});

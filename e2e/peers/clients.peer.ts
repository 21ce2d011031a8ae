/** Programs of our own on each driver: what they print and every byte that they hear, direct and through the gateway. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { peerMissing } from '@sallyport/testkit';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { firstDifference, withoutOwnProcess } from '../testing/comparable.js';
import { run } from '../testing/psql.js';
import { Twins } from '../testing/twin.js';
import { jdbcDifferences, nodeDifferences } from './known-differences.js';
import { Report } from './report.js';

const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

// Servers of its own for each driver: what one of them is refused would have both number differently from there on.
let twins: Twins;
beforeEach(async () => {
  twins = await Twins.start();
});
afterEach(() => twins?.[Symbol.asyncDispose]());

/** Runs one program both ways. @returns its lines, and what each of its connections heard */
async function both(program: string, args: readonly string[]) {
  await twins.both('drop schema if exists d cascade; create schema d authorization app');
  const ways = await twins.ways();
  const runs = await Promise.all(ways.map(({ env }) => run({ program, args, env })));
  const heard = await twins.heard();
  for (const { status, stderr } of runs) expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return { lines: runs.map(({ stdout }) => stdout.trim().split('\n')) as [string[], string[]], heard };
}

/** One connection after the other, each of which is a feature of the program. */
function compare(
  suite: string,
  names: readonly string[],
  answer: Awaited<ReturnType<typeof both>>,
  known: Readonly<Record<string, string>>,
) {
  const report = new Report(suite, ['feature', 'bytes on the wire', 'messages', 'why']);
  const unexplained: unknown[] = [];
  for (const [index, name] of names.entries()) {
    const [direct, gateway] = [answer.heard.direct[index], answer.heard.gateway[index]];
    const difference = firstDifference(direct?.answers ?? [], gateway?.answers ?? []);
    report.row([name, difference ? 'differs' : 'equal', String(direct?.answers.length), known[name] ?? '']);
    if (difference !== undefined && known[name] === undefined) unexplained.push({ name, difference });
  }
  report.keep('direct.out', answer.lines[0].join('\n'));
  report.keep('gateway.out', answer.lines[1].join('\n'));
  expect(unexplained).toEqual([]);
}

test('node-postgres', async () => {
  const answer = await both(process.execPath, ['--no-deprecation', beside('node_postgres.mjs')]);
  const names = answer.lines[0].map((line) => (JSON.parse(line) as [string])[0]);
  expect(names.length).toBeGreaterThan(15);
  expect(answer.heard.direct).toHaveLength(names.length);
  compare('node-postgres', names, answer, nodeDifferences);
  expect(answer.lines[1].map(withoutTemporarySchema)).toEqual(answer.lines[0].map(withoutTemporarySchema));
});

const withoutTemporarySchema = (line: string): string => line.replace(/pg_temp_\d+/g, 'pg_temp_N');

describe('the JDBC driver', () => {
  const version = '42.7.7';
  const jar = path.join(homedir(), `.m2/repository/org/postgresql/postgresql/${version}/postgresql-${version}.jar`);
  const home = mkdtempSync(path.join(tmpdir(), 'sallyport-jdbc-'));
  afterAll(() => rmSync(home, { recursive: true }));

  /** @returns why it cannot run here */
  function compile(): string | undefined {
    if (spawnSync('javac', ['-version']).status !== 0)
      return 'skipped: there is no Java compiler (apt-get install default-jdk-headless)';
    if (!existsSync(jar))
      spawnSync('mvn', ['-q', '-B', 'dependency:get', `-Dartifact=org.postgresql:postgresql:${version}`], {
        timeout: 300_000,
      });
    if (!existsSync(jar)) return 'skipped: Maven does not bring the driver (apt-get install maven)';
    const made = spawnSync('javac', ['-cp', jar, '-d', home, beside('JdbcClients.java')], { encoding: 'utf8' });
    if (made.status !== 0) throw new Error(made.stderr);
    return undefined;
  }

  test('does what its program asks', async (context) => {
    const missing = compile();
    if (missing !== undefined) {
      process.stderr.write(`${missing}\n`);
      context.skip(missing);
    }
    const flags = ['-Duser.timezone=UTC', '-Duser.language=en', '-Dfile.encoding=UTF-8', '-Dstdout.encoding=UTF-8'];
    const answer = await both('java', [...flags, '-cp', `${jar}:${home}`, 'JdbcClients']);
    const names = answer.lines[0].filter((line) => line.startsWith('== ')).map((line) => line.slice(3));
    expect(names.length).toBeGreaterThan(12);
    expect(answer.heard.direct).toHaveLength(names.length);
    compare('jdbc', names, answer, jdbcDifferences);
    expect(answer.lines[1].length).toBeGreaterThan(100);
  });
});

describe('psycopg 3', () => {
  test.skipIf(peerMissing('psycopg'))('does what the clients’ tests ask', async () => {
    const { peer } = await import('@sallyport/testkit');
    const program = peer('psycopg', {
      skip: (note) => {
        throw new Error(note);
      },
    });
    const { lines, heard } = await both(program, [beside('../testing/psycopg_clients.py')]);
    expect(lines[1]).toEqual(lines[0]);
    expect(heard.gateway.length).toBe(heard.direct.length);
    const [direct, gateway] = [heard.direct, heard.gateway].map((side) => side.map(withoutOwnProcess));
    for (const [index, answers] of direct!.entries())
      expect({ index, difference: firstDifference(answers, gateway![index]!) }).toEqual({
        index,
        difference: undefined,
      });
  });
});

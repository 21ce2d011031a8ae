/** Whatever a generator says: what is described as a read leaves the database as it was, and the rest never reaches it. */
import { execFileSync } from 'node:child_process';
import { peer } from '@sallyport/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Callable, Generator } from '../testing/corpus/generator.js';
import type { StateOracle } from '../testing/corpus/state.js';
import { Talk } from '../testing/corpus/talk.js';
import { buildWorlds, databaseOf, type Worlds } from '../testing/corpus/worlds.js';
import { postgresGateway } from '../testing/postgres-gateway.js';
import { frontend as f } from '../testing/raw-client.js';

const seed = Number(process.env['SALLYPORT_SEED'] ?? 20_260);
const count = Number(process.env['SALLYPORT_STATEMENTS'] ?? 600);

let built: Worlds;
let gateway: Awaited<ReturnType<typeof postgresGateway>>;
let oracle: StateOracle;
beforeAll(async () => {
  built = await buildWorlds(['a']);
  oracle = await built.oracle(databaseOf('a'));
  gateway = await postgresGateway({
    target: { ...built.login(databaseOf('a')), host: '127.0.0.1' },
    decide: ({ action, risk }) => (action !== 'sql.execute' || risk === 'read' ? 'allow' : 'deny'),
  });
});
afterAll(async () => {
  await oracle?.end();
  await gateway?.[Symbol.asyncDispose]();
  await built?.[Symbol.asyncDispose]();
});

/** Every function of the server's own that SQL can call, without those that only wait. */
const callable = `select json_agg(json_build_object('name', n.nspname || '.' || quote_ident(p.proname), 'types',
    (select coalesce(json_agg(format_type(t.oid, null) order by i), '[]') from unnest(p.proargtypes) with ordinality a(oid, i)
      join pg_type t on t.oid = a.oid)) order by p.oid)::text
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace
  where n.nspname in ('pg_catalog', 'app', 'public') and p.prokind = 'f' and p.proname !~ 'sleep|^pg_try_advisory|advisory'
    and p.prorettype <> 'internal'::regtype and not ('internal'::regtype = any (p.proargtypes::oid[]))`;

interface Tally {
  /** Statements that changed the target, though described as reads. */
  readonly changed: string[];
  readonly risks: Record<string, number>;
  answered: number;
}

/** Says them one after the other; a session that ends is followed by another. */
async function say(statements: Iterable<string>): Promise<Tally> {
  const tally: Tally = { changed: [], risks: {}, answered: 0 };
  let digest = await oracle.digest();
  let talk = await opened();
  for (const sql of statements) {
    gateway.events.length = 0;
    const heard = await talk.ask([f.query(sql)]);
    const risk = gateway.events.find(({ operation }) => operation?.text === sql)?.operation?.risk ?? 'none';
    tally.risks[risk] = (tally.risks[risk] ?? 0) + 1;
    if (risk === 'read' && !heard.some(({ type }) => type === 0x45)) tally.answered += 1;
    if (!talk.closed) await talk.ask([f.query('rollback; deallocate all')]);
    if (talk.closed) talk = await opened();
    const after = await oracle.digest();
    if (after !== digest) tally.changed.push(`${risk}: ${sql}`);
    digest = after;
  }
  talk.end();
  return tally;
}

async function opened(): Promise<Talk> {
  const { talk } = await Talk.through(gateway.port, databaseOf('a'));
  await talk.ask([f.query("set statement_timeout = '1s'")]);
  return talk;
}

function* generated(functions: readonly Callable[]): Iterable<string> {
  const generator = new Generator(seed, functions);
  for (let index = 0; index < count; index += 1) yield generator.next();
}

test('what is described as a read changes nothing: statements by the grammar, with every function there is', async () => {
  const functions = JSON.parse((await oracle.first(callable))!) as Callable[];
  expect(functions.length).toBeGreaterThan(2_000);
  const { changed, risks, answered } = await say(generated(functions));
  process.stdout.write(`seed ${seed}: ${JSON.stringify(risks)}, ${answered} reads answered\n`);
  expect(changed).toEqual([]);
  expect(answered).toBeGreaterThan(count / 10);
  for (const risk of ['read', 'write', 'destructive', 'privilege', 'unknown'])
    expect(risks[risk], risk).toBeGreaterThan(0);
}, 200_000);

/** sqlsmith reads the catalogue of the target and prints; one statement ends where a line ends in a semicolon. */
function smithed(program: string): string[] {
  const { host, port, user, password, database } = built.login(databaseOf('a'));
  const target = `host=${host} port=${port} user=${user} password=${password} dbname=${database}`;
  const options = ['--dry-run', `--seed=${seed}`, `--max-queries=${count / 3}`, `--target=${target}`];
  const printed = execFileSync(program, options, {
    encoding: 'utf8',
    timeout: 60_000,
    maxBuffer: 64_000_000,
    stdio: 'pipe',
  });
  return printed.split(/;\s*\n/).filter((sql) => /^\s*(select|with|insert|update|delete|merge)/i.test(sql));
}

test('what is described as a read changes nothing: statements of sqlsmith', async (context) => {
  const statements = smithed(peer('sqlsmith', context));
  expect(statements.length).toBeGreaterThan(count / 6);
  const { changed, risks, answered } = await say(statements);
  process.stdout.write(`sqlsmith ${seed}: ${JSON.stringify(risks)}, ${answered} reads answered\n`);
  expect(changed).toEqual([]);
  expect(risks['read'], 'reads').toBeGreaterThan(0);
}, 200_000);

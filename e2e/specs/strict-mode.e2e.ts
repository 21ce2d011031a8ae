import { spawnSync } from 'node:child_process';
import { peer } from '@sallyport/testkit';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Installation, until } from '../testing/installation.js';

const canary = '523-48-7719';
let sallyport: Installation;

beforeAll(async () => {
  sallyport = await Installation.start({
    policy: 'postgres-safe',
    targetSql: `
      create table customers (id int primary key, name text, email text, ssn text);
      insert into customers values (1, 'Ada', 'ada@shop.test', '${canary}'), (2, 'Bo', 'bo@shop.test', '618-22-9034');
      create view contacts as select id, ssn as reference, name from customers`,
  });
  for (const column of ['ssn', 'email'])
    await sallyport.api('grace', 'POST', '/v1/masking-rules', {
      id: column,
      kind: 'column',
      column: `public.customers.${column}`,
      action: 'redact',
    });
});
afterAll(() => sallyport?.stop());

const aiSession = async (): Promise<Record<string, string>> => {
  const env = await sallyport.env();
  const { ticket } = await sallyport.ticket('ada', { ai_session: 'claude-1' });
  return { ...env, PGPASSWORD: ticket };
};

test('psql in an AI session reads on, sees what is masked and by which rule, and what is clean', async (context) => {
  const run = spawnSync(
    peer('psql', context),
    [
      '-X',
      '-A',
      '-t',
      '-c',
      'select name, upper(name), reference from contacts order by id',
      '-c',
      'select count(*) from customers',
    ],
    { env: await aiSession(), encoding: 'utf8', timeout: 30_000 },
  );
  expect(run.stdout).toBe('Ada|ADA|[redacted]\nBo|BO|[redacted]\n2\n');
  expect(run.stderr).toBe('NOTICE:  masked by the gateway: reference (rule ssn)\n');
});

test('what could be guessed from waits for a reviewer, whoever asks', async () => {
  const client = new pg.Client(await sallyport.client());
  await client.connect();
  const guessing = client.query("select count(*) from customers where ssn like '5%'");
  guessing.catch(() => undefined); // looked at below
  const review = await until('the review is there', async () => {
    const { items } = await sallyport.api<{ items: { id: string; preview: string }[] }>(
      'ravi',
      'GET',
      '/v1/reviews?state=pending',
    );
    return items.find(({ preview }) => preview.includes('like'));
  });
  await sallyport.api('ravi', 'POST', `/v1/reviews/${review.id}/verdict`, { verdict: 'reject', reason: 'guessing' });
  await expect(guessing).rejects.toMatchObject({ code: '42501' });
  expect((await client.query('select count(*)::int as n from customers')).rows).toEqual([{ n: 2 }]);
  await client.end();
});

const lookUps = `context.risk == "read" && ["public.customers.email"].containsAll(context.masked_columns_probed) &&
  context.masked_columns_looked_up.containsAll(context.masked_columns_probed)`;

test('strict mode says what it did not take; a column opened to look-ups has a quota', async () => {
  const { items } = await sallyport.api<{ items: { name: string; text: string }[] }>(
    'grace',
    'GET',
    '/v1/policies/packs',
  );
  const strict = items.find(({ name }) => name === 'postgres-strict')!.text;
  const opened = strict
    .replace(
      '!context.masked_columns_probed.isEmpty() };',
      `!context.masked_columns_probed.isEmpty() && !(${lookUps}) };`,
    )
    .replace('  context.masked_columns_probed.isEmpty() &&\n', `  ${lookUps} &&\n`);
  const permit = `@id("look-up") @quota("3/1h")
    permit(principal, action == Sallyport::Action::"sql.execute", resource)
    when { ${lookUps} && !context.masked_columns_probed.isEmpty() };`;
  await sallyport.setPolicy(`${opened}\n${permit}`);
  const client = new pg.Client(await sallyport.client());
  await client.connect();
  await expect(client.query('select pg_sleep(0), count(*) from customers')).rejects.toMatchObject({
    code: '42501',
    hint: expect.stringContaining('functions pg_catalog.pg_sleep') as string,
  });
  await expect(client.query("select id from customers where ssn = '1'")).rejects.toMatchObject({
    hint: expect.stringContaining('masked columns probed public.customers.ssn') as string,
  });
  const find = (email: string) => client.query('select id, name from customers where email = $1', [email]);
  for (const email of ['ada@shop.test', 'bo@shop.test', 'cy@shop.test']) await find(email);
  await expect(find('ada@shop.test')).rejects.toMatchObject({
    code: '53300',
    message: expect.stringContaining('quota') as string,
  });
  expect((await client.query('select count(*)::int as n from customers')).rows).toEqual([{ n: 2 }]);
  await client.end();
});

test('no masked value is in anything that the control plane or a client saw', async () => {
  expect(await sallyport.everythingSeen()).not.toContain(canary);
});

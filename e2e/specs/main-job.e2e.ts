import { spawnSync } from 'node:child_process';
import { peer } from '@sallyport/testkit';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { agentPassword, Installation, until } from '../testing/installation.js';

const ssn = '523-48-7719';
const key = ['AKIA', 'QYLPMN5HHH3EXAMP'].join('');
let sallyport: Installation;

beforeAll(async () => {
  sallyport = await Installation.start({
    recordResponses: true,
    targetSql: `
      create table customers (id int primary key, name text, ssn text, notes text);
      insert into customers values (1, 'Ada', '${ssn}', 'key ${key}'), (2, 'Bo', '618-22-9034', null), (3, 'Cy', '901-77-3345', null)`,
  });
  await sallyport.api('grace', 'POST', '/v1/masking-rules', {
    id: 'ssn',
    kind: 'column',
    column: 'public.customers.ssn',
    action: 'redact',
  });
  await sallyport.api('grace', 'POST', '/v1/masking-rules', {
    id: 'secrets',
    kind: 'detector',
    detector: 'secrets',
    action: 'redact',
  });
});
afterAll(() => sallyport?.stop());

async function connected(person = 'ada'): Promise<pg.Client> {
  const client = new pg.Client(await sallyport.client(person));
  await client.connect();
  return client;
}

test('a SELECT is allowed and comes back masked', async () => {
  const client = await connected();
  const { rows } = await client.query('select * from customers order by id limit 1');
  expect(rows).toEqual([{ id: 1, name: 'Ada', ssn: '[redacted]', notes: expect.stringMatching(/^key \[redacted/) }]);
  await client.end();
});

test('a DROP is refused with the policy’s message, and the session goes on', async () => {
  const client = await connected();
  await expect(client.query('drop table customers')).rejects.toMatchObject({
    code: '42501',
    message: expect.stringContaining('DROP'),
  });
  expect((await client.query('select count(*)::int as n from customers')).rows).toEqual([{ n: 3 }]);
  await client.end();
});

test('a DELETE waits for a reviewer who is not the requester, and runs exactly once', async () => {
  const client = await connected();
  const notices: string[] = [];
  client.on('notice', ({ message }) => notices.push(message ?? ''));
  const deleting = client.query('delete from customers where id = 3');
  const review = await until('the review is there', async () => {
    const { items } = await sallyport.api<{ items: { id: string; preview: string }[] }>(
      'ravi',
      'GET',
      '/v1/reviews?state=pending',
    );
    return items.find(({ preview }) => preview.includes('id = 3'));
  });
  expect(notices.join()).toContain(review.id);
  expect(
    (await sallyport.ask('ada', 'POST', `/v1/reviews/${review.id}/verdict`, { verdict: 'approve', reason: 'mine' }))
      .status,
  ).toBe(403);
  await sallyport.api('ravi', 'POST', `/v1/reviews/${review.id}/verdict`, { verdict: 'approve', reason: 'ticket 42' });
  expect((await deleting).rowCount).toBe(1);
  expect(await sallyport.target.query('select count(*)::int as n from customers')).toEqual([{ n: 2 }]);
  await client.end();
});

test('psql sees the notice, the masked rows and the refusal', async (context) => {
  const psql = peer('psql', context);
  const run = spawnSync(
    psql,
    ['-X', '-A', '-t', '-c', 'select name, ssn from customers where id = 1', '-c', 'truncate customers'],
    { env: await sallyport.env(), encoding: 'utf8', timeout: 30_000 },
  );
  expect(run.stdout).toBe('Ada|[redacted]\n');
  expect(run.stderr).toMatch(/ERROR: .*\nHINT: .*policy/);
});

test('the recorded session replays, and its evidence verifies offline', async () => {
  const first = await until('the first session has ended on record', async () => {
    const oldest = (await sallyport.sessions()).at(-1);
    return oldest?.ended_at ? oldest : undefined;
  });
  const replay = await sallyport.api('grace', 'GET', `/v1/sessions/${first.id}/replay`);
  expect(JSON.stringify(replay)).toContain('select');
});

test('no credential and no unmasked value reached the control plane, its store, a log or the client', async () => {
  const seen = await sallyport.everythingSeen();
  for (const canary of [agentPassword, ssn, '618-22-9034', key]) expect(seen).not.toContain(canary);
});

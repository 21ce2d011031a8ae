import { type TestDatabase, testDatabase } from '@sallyport/testkit';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clientOptions, type ServiceRole } from './connection-options.js';
import { migrate } from './migrate.js';

let cluster: TestDatabase;
beforeAll(async () => {
  cluster = await testDatabase({ sql: `create role owner login createrole password 'owner-password'` });
});
afterAll(() => cluster?.stop());

/** A database whose owner is no superuser, as a managed PostgreSQL gives it. */
const ownDatabase = async (name: string): Promise<string> => {
  const url = new URL(await cluster.createDatabase(name));
  await cluster.query(`alter database ${name} owner to owner`);
  url.username = 'owner';
  url.password = 'owner-password';
  return url.href;
};

const asRole = async <Row>(url: string, role: ServiceRole, sql: string): Promise<Row[]> => {
  const client = new pg.Client(clientOptions(url, role));
  await client.connect();
  try {
    return (await client.query(sql)).rows as Row[];
  } finally {
    await client.end();
  }
};

test('an owner without superuser rights can migrate, and works as each of the narrower roles', async () => {
  const url = await ownDatabase('managed');
  await migrate(url);
  for (const role of ['sallyport_app', 'sallyport_recorder', 'sallyport_keys'] as const) {
    expect(await asRole(url, role, 'select current_user as name')).toEqual([{ name: role }]);
  }
});

test('several replicas that start at once migrate once, also into two databases of one server', async () => {
  const urls = [await ownDatabase('first'), await ownDatabase('second')];
  await Promise.all([...urls, ...urls, ...urls].map(migrate));
  for (const url of urls) {
    const applied = await asRole<{ name: string }>(
      url,
      'sallyport_app',
      'select to_regclass($$people$$)::text as name',
    );
    expect(applied).toEqual([{ name: 'people' }]);
  }
});

test('no role may change or remove what is on record', async () => {
  const url = await ownDatabase('recorded');
  await migrate(url);
  for (const role of ['sallyport_app', 'sallyport_recorder', 'sallyport_keys'] as const) {
    for (const sql of [
      `update evidence_entries set event = 'x.y'`,
      'delete from evidence_entries',
      'truncate evidence_entries',
      'drop table evidence_entries',
    ]) {
      await expect(asRole(url, role, sql)).rejects.toMatchObject({ code: '42501' });
    }
  }
});

test('people, logins and tickets are never deleted', async () => {
  const url = await ownDatabase('kept');
  await migrate(url);
  for (const table of ['people', 'login_grants', 'tickets', 'service_accounts', 'connections']) {
    await expect(asRole(url, 'sallyport_app', `delete from ${table}`)).rejects.toMatchObject({ code: '42501' });
  }
});

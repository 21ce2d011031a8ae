/** From a superuser's login to a protected connection, by the command line's own script, as an administrator does it. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { agentPassword, Installation, until } from '../testing/installation.js';

const command = fileURLToPath(new URL('../../apps/cli/bin/sallyport.js', import.meta.url));
let sallyport: Installation;

beforeAll(async () => {
  sallyport = await Installation.start({
    policy: 'allow-all',
    targetSql: `
      create schema app; create table app.orders (id int primary key, note text); insert into app.orders values (1, 'one');
      create function app.purge() returns int language sql security definer as 'delete from app.orders returning 1'`,
  });
});
afterAll(() => sallyport?.stop());

async function cli(...args: string[]): Promise<string> {
  const env = {
    PATH: process.env['PATH']!,
    XDG_CONFIG_HOME: path.join(sallyport.home, 'cli'),
    SALLYPORT_URL: sallyport.url,
    SALLYPORT_TOKEN: await sallyport.accessToken('grace'),
  };
  return (await promisify(execFile)(process.execPath, [command, ...args], { env, timeout: 30_000 })).stdout;
}

interface Shown {
  readonly protection: { readonly state: string; readonly findings?: readonly { readonly problem: string }[] };
}
const protection = async (person = 'grace') =>
  (await sallyport.api<Shown>(person, 'GET', '/v1/connections/orders')).protection;

async function query(sql: string): Promise<unknown[]> {
  const client = new pg.Client(await sallyport.client('ada'));
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}

test('a superuser’s login is found out, by name for administrators only, and refused where protection is demanded', async () => {
  const found = await until('the agent has said what its login may do', async () => {
    const said = await protection();
    return said.state === 'unprotected' && said;
  });
  expect(found.findings?.map(({ problem }) => problem)).toContain('role attribute: SUPERUSER');
  expect(await protection('ada')).toEqual({ state: 'unprotected' });
  expect(await query('select note from app.orders')).toEqual([{ note: 'one' }]);

  await cli('connections', 'update', 'orders', '--require-protected');
  await expect(query('select 1')).rejects.toMatchObject({
    code: '08004',
    message: expect.stringContaining('the connection "orders" is not protected'),
  });
});

test('after the script the connection opens, and the login can do what it is for and no more', async () => {
  await sallyport.target.query(await cli('connections', 'harden', 'orders', '--schema', 'app', '--role', 'reader'));
  await sallyport.target.query(`alter role reader password '${agentPassword}'`);
  sallyport.writeAgentConfig((config) => {
    const [target] = config['targets'] as [{ credential: object }];
    target.credential = { ...target.credential, user: 'reader' };
  });
  await sallyport.agent.stop();
  await until('the agent is not linked', async () => (await protection()).state === 'unchecked');
  await expect(query('select 1')).rejects.toThrow('has not been checked');
  sallyport.agent = await sallyport.startAgent();

  const left = await until('the login is asked again', async () => {
    const { state, findings } = await protection();
    return state === 'unprotected' && findings;
  });
  const settings = left.map(({ problem }) => problem).filter((problem) => problem.startsWith('setting: max_prepared'));
  expect(left.map(({ problem }) => problem).sort()).toEqual([
    'login: a password that the role can change',
    ...settings,
  ]);

  const accepted = left.flatMap(({ problem }) => ['--accept', problem]);
  expect(await cli('connections', 'update', 'orders', ...accepted)).toMatch(/^protection +protected$/m);
  expect(await query('select note from orders')).toEqual([{ note: 'one' }]);
  await expect(query('set transaction read write; delete from app.orders')).rejects.toMatchObject({ code: '42501' });
  await expect(query('select app.purge()')).rejects.toMatchObject({ code: '42501' });
});

test('no session runs while no agent is there to say that it is protected', async () => {
  await sallyport.agent.stop();
  await expect(query('select 1')).rejects.toMatchObject({
    code: '08004',
    message: expect.stringContaining('has not been checked'),
  });
  expect(await cli('connections', 'show', 'orders')).toContain('no agent that offers it is linked');
  expect(await sallyport.everythingSeen()).not.toContain(agentPassword);
});

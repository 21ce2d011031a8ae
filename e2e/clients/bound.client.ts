import { chmodSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { protocols } from '@sallyport/protocols';
import { peer, type TestDatabase, testDatabase } from '@sallyport/testkit';
import { createAuthority } from '@sallyport/tunnel';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startAgent } from '../../apps/agent/src/agent.js';
import { parseConfig } from '../../apps/agent/src/config/config.js';
import { type TestControlPlane, testControlPlane } from '../../apps/control-plane/src/testing/control-plane.js';
import { found } from './found.js';
import { Person } from './person.js';
import { anthropicModel, type ScriptedModel, toolUse } from './scripted-model.js';

const claude = found('claude');

const freePort = async (): Promise<number> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
};

/** docs/claude-code.md from its second step on: the published client, our gateway, a real database; the model alone is scripted. */
describe.skipIf(!claude)('a person who follows docs/claude-code.md', () => {
  const stops: (() => unknown)[] = [];
  let house: TestControlPlane;
  let model: ScriptedModel;
  let target: TestDatabase;
  let ada: Person;

  beforeAll(async () => {
    const authority = await createAuthority();
    model = await anthropicModel(authority);
    stops.push(() => model[Symbol.asyncDispose]());
    target = await testDatabase({
      database: 'app',
      sql: 'create table orders (id int); insert into orders values (1), (2)',
    });
    stops.push(() => target.stop());
    const [tunnel, enrolment] = [await freePort(), await freePort()];
    house = await testControlPlane({
      environment: {
        SALLYPORT_INITIAL_POLICY_PACK: 'postgres-safe,model-guarded',
        SALLYPORT_TUNNEL_ADDRESS: `127.0.0.1:${tunnel}`,
        SALLYPORT_ENROLMENT_ADDRESS: `127.0.0.1:${enrolment}`,
      },
    });
    stops.push(() => house[Symbol.asyncDispose]());
    const admin = await house.as(['admin'], { sub: 'root' });
    await admin
      .post('/v1/connections', { name: 'orders', protocol: 'postgres', target: 'main', databases: ['app'] })
      .expect(201);
    await admin.post('/v1/connections', { name: 'claude', protocol: 'anthropic', target: 'claude' }).expect(201);
    const { key } = (await admin.post('/v1/agents/enrolment-keys', { name: 'tests' }).expect(201)).body as {
      key: string;
    };

    ada = new Person(house.controlPlane.url, (await house.as(['user'])).token);
    stops.push(() => ada[Symbol.dispose]());
    writeFileSync(ada.at('model-ca.pem'), authority.certificate);
    writeFileSync(ada.at('model-key'), 'sk-canary');
    chmodSync(ada.at('model-key'), 0o600);
    const agent = await startAgent({
      protocols,
      log: () => undefined,
      environment: { SALLYPORT_ENROLMENT_KEY: key, AGENT_USER: target.user, AGENT_PASSWORD: target.password },
      config: parseConfig(`
control_plane: { address: '127.0.0.1:${tunnel}', enrolment_address: '127.0.0.1:${enrolment}', server_name: localhost }
state_dir: ${ada.at('agent')}
health_address: '127.0.0.1:0'
targets:
  - alias: main
    protocol: postgres
    host: ${target.host}
    port: ${target.port}
    databases: [app]
    tls: { mode: disable }
    credential: { source: environment, user_variable: AGENT_USER, password_variable: AGENT_PASSWORD }
  - alias: claude
    protocol: anthropic
    endpoint: ${model.url}
    tls: { ca_file: ${ada.at('model-ca.pem')} }
    credential: { source: file, path: ${ada.at('model-key')} }
`),
    });
    stops.push(() => agent.stop(0));
    for (const deadline = Date.now() + 20_000; !agent.linked && Date.now() < deadline; ) await sleep(50);
    await sleep(2_000); // until the target's catalogue is there
  });
  afterAll(async () => {
    for (const stop of stops.reverse()) await stop();
  });

  test('gets from a login to a bound trace', async (context) => {
    peer('psql', context);
    expect(await ada.sallyport('setup', 'claude-code', '--yes')).toMatchObject({ status: 0 });
    expect(await ada.sallyport('doctor')).toMatchObject({
      status: 0,
      out: expect.stringContaining('everything works'),
    });

    model.command = `psql -Atc 'select count(*) from orders'`;
    const worked = await ada.run(claude!, ['-p', 'how many orders are there?', '--allowedTools', 'Bash']);
    expect(worked).toEqual({ status: 0, out: 'done\n', err: '' });
    for (const { headers } of model.requests) expect(headers).toMatchObject({ 'x-api-key': 'sk-canary' });
    expect(JSON.stringify(model.requests)).not.toMatch(/spt_/);

    const told = await ada.sallyport('trace', toolUse);
    expect(told.out).toContain('human: how many orders are there?');
    expect(told.out).toMatch(new RegExp(`tool call Bash ${toolUse} · told by model, hook(, telemetry)? · done`));
    expect(told.out).toMatch(/\[bound\] · sql\.execute on orders · read · allowed · done 1 rows/);
    expect(told.out).toContain('model and hook tell the same input');
  });
});

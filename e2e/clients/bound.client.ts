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
import { anthropicModel, openaiModel, type ScriptedModel, toolUse } from './scripted-model.js';

const [claude, codex] = [found('claude'), found('codex')];

const freePort = async (): Promise<number> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
};

/** The two documents from their second step on: the published client, our gateway, a real database; the model alone is scripted. */
describe.skipIf(!claude && !codex)('a person who follows docs/claude-code.md or docs/codex.md', () => {
  const stops: (() => unknown)[] = [];
  let house: TestControlPlane;
  let models: { readonly claude: ScriptedModel; readonly gpt: ScriptedModel };
  let target: TestDatabase;
  let ada: Person;

  beforeAll(async () => {
    const authority = await createAuthority();
    models = { claude: await anthropicModel(authority), gpt: await openaiModel(authority) };
    for (const model of Object.values(models)) stops.push(() => model[Symbol.asyncDispose]());
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
    await admin.post('/v1/connections', { name: 'gpt', protocol: 'openai', target: 'gpt' }).expect(201);
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
    endpoint: ${models.claude.url}
    tls: { ca_file: ${ada.at('model-ca.pem')} }
    credential: { source: file, path: ${ada.at('model-key')} }
  - alias: gpt
    protocol: openai
    endpoint: ${models.gpt.url}
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

  const command = `psql -Atc 'select count(*) from orders'`;
  const bound = /\[bound\] · sql\.execute on orders · read · allowed · done 1 rows/;

  test.skipIf(!claude)('gets from a login to a bound trace', async (context) => {
    peer('psql', context);
    expect(await ada.sallyport('setup', 'claude-code', '--yes')).toMatchObject({ status: 0 });
    expect(await ada.sallyport('doctor')).toMatchObject({
      status: 0,
      out: expect.stringContaining('everything works'),
    });

    const model = models.claude;
    model.command = command;
    const worked = await ada.run(claude!, ['-p', 'how many orders are there?', '--allowedTools', 'Bash']);
    expect(worked).toEqual({ status: 0, out: 'done\n', err: '' });
    for (const { headers } of model.requests) expect(headers).toMatchObject({ 'x-api-key': 'sk-canary' });
    expect(JSON.stringify(model.requests)).not.toMatch(/spt_/);

    const told = await ada.sallyport('trace', toolUse);
    expect(told.out).toContain('human: how many orders are there?');
    expect(told.out).toMatch(new RegExp(`tool call Bash ${toolUse} · told by model, hook(, telemetry)? · done`));
    expect(told.out).toMatch(bound);
    expect(told.out).toContain('model and hook tell the same input');
  });

  test.skipIf(!codex)('gets there with Codex, too', async (context) => {
    peer('psql', context);
    expect(await ada.sallyport('setup', 'codex', '--yes')).toMatchObject({ status: 0 });
    const model = models.gpt;
    model.command = command;
    const words = ['exec', '--skip-git-repo-check', '--dangerously-bypass-hook-trust', '--model', 'gpt-5'];
    const worked = await ada.run(codex!, [...words, '--sandbox', 'danger-full-access', 'how many orders are there?'], {
      CODEX_CA_CERTIFICATE: ada.at('.config/sallyport/setup/gateway-ca.pem'),
    });
    expect(worked, worked.err).toMatchObject({ status: 0 });
    const asked = model.requests.find(({ path }) => path === '/v1/responses')!;

    const told = await ada.sallyport('trace', String(asked.headers['session-id']));
    expect(told.out).toContain('human: how many orders are there?');
    expect(told.out).toContain(`tool call exec_command ${toolUse} · told by model, hook · done`);
    expect(told.out).toMatch(bound);
  });
});

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createAuthority } from '@sallyport/tunnel';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { found } from './found.js';
import { Person } from './person.js';
import { type ScriptedControlPlane, scriptedControlPlane, tickets } from './scripted-control-plane.js';
import { openaiModel, type ScriptedModel, toolUse } from './scripted-model.js';

const codex = found('codex');

/** What `codex` does with the configuration that `sallyport setup` writes. */
describe.skipIf(!codex)('Codex, set up by sallyport', () => {
  let model: ScriptedModel;
  let plane: ScriptedControlPlane;
  let ada: Person;

  beforeAll(async () => {
    const authority = await createAuthority();
    model = await openaiModel(authority);
    plane = await scriptedControlPlane('openai', { port: model.port, ca: authority.certificate });
    ada = new Person(plane.url);
    expect(await ada.sallyport('setup', 'codex', '--yes')).toMatchObject({ status: 0 });
  });
  afterAll(async () => {
    ada[Symbol.dispose]();
    await plane[Symbol.asyncDispose]();
    await model[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    (plane.told as unknown[]).length = 0;
    (model.requests as unknown[]).length = 0;
    plane.hookAnswers = {};
  });

  // That the hooks are to be trusted, a person says once; here there is nobody to say it.
  const prompt = (command: string, sandbox = 'danger-full-access') => {
    model.command = command;
    const args = [
      'exec',
      '--skip-git-repo-check',
      '--dangerously-bypass-hook-trust',
      '--model',
      'gpt-5',
      '--sandbox',
      sandbox,
      'do as you are told',
    ];
    return ada.run(codex!, args, { CODEX_CA_CERTIFICATE: ada.at('.config/sallyport/setup/gateway-ca.pem') });
  };
  const hooks = () => plane.told.filter(({ path }) => path === '/hooks/codex').map(({ body }) => body);
  const results = () =>
    model.requests
      .map(({ body }) => body)
      .filter((body) => body.includes('function_call_output'))
      .join('\n');

  const command = 'printf "%s\\n" "$PGUSER at $PGHOST, it\'s" | cat; env > seen';

  test('asks the model by the gateway with a ticket, and runs the command with tickets of its call', async () => {
    expect(await prompt(command)).toMatchObject({ status: 0 });
    const asked = model.requests.filter(({ path }) => path === '/v1/responses');
    expect(asked.length).toBeGreaterThan(1);
    for (const { headers } of asked) expect(headers['authorization']).toBe(`Bearer ${tickets.model}`);
    const session = asked[0]!.headers['session-id'];
    expect(plane.told.filter(({ path }) => path === '/v1/exec-tickets').map(({ body }) => body)).toEqual([
      { client: 'codex', ai_session: session, tool_call: toolUse, command },
    ]);
    expect(results()).toContain("orders at 127.0.0.1, it's");
  });

  test('tells the hooks the model’s own command, before and after it, although another one is run', async () => {
    await prompt(command);
    const call = { tool_use_id: toolUse, tool_name: 'Bash', tool_input: { command } };
    const told = (name: string) => hooks().find((body) => body['hook_event_name'] === name);
    expect(told('PreToolUse')).toMatchObject(call);
    expect(told('PostToolUse')).toMatchObject(call);
    expect(told('UserPromptSubmit')).toMatchObject({
      prompt: 'do as you are told',
      turn_id: told('PreToolUse')!['turn_id'],
    });
  });

  test('gives the command nothing of the login or of its own access', async () => {
    await prompt(command);
    const seen = readFileSync(ada.at('work/seen'), 'utf8');
    expect(seen).toContain(`PGPASSWORD=${tickets.shell}`);
    expect(seen).not.toMatch(/login-canary|spt_m|spw_/);
  });

  test('does not run what the control plane refuses', async () => {
    const permissionDecisionReason = 'this AI session was ended by an administrator';
    plane.hookAnswers = {
      PreToolUse: {
        hookSpecificOutput: { hookEventName: 'PreToolUse', permissionDecision: 'deny', permissionDecisionReason },
      },
    };
    await prompt('touch refused');
    expect(results()).toContain(permissionDecisionReason);
    expect(() => readFileSync(ada.at('work/refused'))).toThrow();
  });

  test('is as it was before, once that is undone', async () => {
    expect(await ada.sallyport('setup', 'codex', '--undo', '--yes')).toMatchObject({ status: 0 });
    expect(() => readFileSync(ada.at('.codex/hooks.json'))).toThrow();
  });
});

const isRoot = process.getuid?.() === 0;

/** What an administrator has set up holds, whatever the person says. Only root can lay folders over those of the machine. */
describe.skipIf(!codex || !isRoot)('Codex, managed by sallyport', () => {
  test('asks by the gateway and tells its hooks, against the person’s own configuration', async () => {
    const authority = await createAuthority();
    await using model = await openaiModel(authority);
    await using plane = await scriptedControlPlane('openai', { port: model.port, ca: authority.certificate });
    using ada = new Person(plane.url);
    expect(await ada.sallyport('setup', 'codex', '--managed', '--root', ada.at('root'), '--yes')).toMatchObject({
      status: 0,
    });
    mkdirSync(ada.at('.codex'));
    writeFileSync(
      ada.at('.codex/config.toml'),
      'model_provider = "mine"\n[model_providers.mine]\nname = "Mine"\nbase_url = "http://127.0.0.1:9/v1"\n[features]\nhooks = false\n',
    );
    model.command = 'echo "$PGUSER"';
    const laid = ['/etc', '/usr/local/lib'].map(
      (folder) => `mount -t overlay none -o 'lowerdir=${ada.at('root')}${folder}:${folder}' ${folder}`,
    );
    const words = ['exec', '--skip-git-repo-check', '--model', 'gpt-5', '--sandbox', 'danger-full-access'];
    const line = [codex!, ...words, '-c', 'model_provider=mine', '--disable', 'hooks', "'do as you are told'"].join(
      ' ',
    );
    const ran = await ada.run('unshare', ['--mount', 'sh', '-ec', [...laid, line].join('\n')], {
      CODEX_CA_CERTIFICATE: ada.at('root/usr/local/lib/sallyport/gateway-ca.pem'),
    });

    expect(ran, ran.err).toMatchObject({ status: 0 });
    expect(model.requests.filter(({ path }) => path === '/v1/responses').length).toBeGreaterThan(1);
    expect(plane.told.map(({ body }) => body['hook_event_name'])).toEqual(
      expect.arrayContaining(['UserPromptSubmit', 'PreToolUse', 'PostToolUse', 'Stop']),
    );
    expect(model.requests.map(({ body }) => body).join('')).toContain('orders');
  });
});

import { readFileSync, rmSync } from 'node:fs';
import { createAuthority } from '@sallyport/tunnel';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { found } from './found.js';
import { Person } from './person.js';
import { type ScriptedControlPlane, scriptedControlPlane, tickets, witness } from './scripted-control-plane.js';
import { anthropicModel, type ScriptedModel, toolUse } from './scripted-model.js';

const claude = found('claude');

/** What `claude` does with the settings that `sallyport setup` writes: the shapes that the rest is built on. */
describe.skipIf(!claude)('Claude Code, set up by sallyport', () => {
  let model: ScriptedModel;
  let plane: ScriptedControlPlane;
  let ada: Person;

  beforeAll(async () => {
    const authority = await createAuthority();
    model = await anthropicModel(authority);
    plane = await scriptedControlPlane('anthropic', { port: model.port, ca: authority.certificate });
    ada = new Person(plane.url);
    expect(await ada.sallyport('setup', 'claude-code', '--yes')).toMatchObject({ status: 0 });
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

  const prompt = (command: string, ...more: string[]) => {
    model.command = command;
    return ada.run(claude!, ['-p', 'do as you are told', '--allowedTools', 'Bash', ...more]);
  };
  const hooks = () => plane.told.filter(({ path }) => path === '/hooks/claude').map(({ body }) => body);
  const hook = (name: string) => hooks().find((body) => body['hook_event_name'] === name);
  const results = () =>
    model.requests
      .map(({ body }) => body)
      .filter((body) => body.includes('tool_result'))
      .join('\n');

  const command = 'printf "%s\\n" "$PGUSER at $PGHOST, it\'s" | cat; env > seen; cat <<EOF\n$((40 + 2))\nEOF';

  test('asks the model by the gateway with a ticket, and runs the command with tickets of its call', async () => {
    expect(await prompt(command)).toMatchObject({ status: 0, out: 'done\n' });
    for (const { headers } of model.requests) expect(headers['authorization']).toBe(`Bearer ${tickets.model}`);
    const session = model.requests[0]!.headers['x-claude-code-session-id'];
    expect(plane.told.filter(({ path }) => path === '/v1/exec-tickets')).toEqual([
      {
        path: '/v1/exec-tickets',
        token: 'login-canary',
        body: { client: 'claude-code', ai_session: session, command, traceparent: expect.stringMatching(/^00-/) },
      },
    ]);
    expect(results()).toContain("orders at 127.0.0.1, it's\\n42");
  });

  test('tells the hooks of the prompt, of the call before and after it, and of the end, with the ids that tie them', async () => {
    await prompt(command);
    expect(hooks().map((body) => body['hook_event_name'])).toEqual([
      'UserPromptSubmit',
      'PreToolUse',
      'PostToolUse',
      'Stop',
      'SessionEnd',
    ]);
    const { session_id: session, prompt_id: turn } = hook('UserPromptSubmit')!;
    expect(hook('UserPromptSubmit')).toMatchObject({ prompt: 'do as you are told' });
    const call = {
      session_id: session,
      prompt_id: turn,
      tool_use_id: toolUse,
      tool_name: 'Bash',
      tool_input: { command },
    };
    expect(hook('PreToolUse')).toMatchObject(call);
    expect(hook('PostToolUse')).toMatchObject(call);
    expect(model.requests[0]!.headers['x-claude-code-session-id']).toBe(session);
  });

  test('tells of a monitor as the model has asked for it, and runs its command with tickets too', async () => {
    model.tool = 'Monitor';
    await prompt('echo "$PGUSER" > monitored', '--allowedTools', 'Monitor', 'ToolSearch');
    delete model.tool;
    const input = { command: 'echo "$PGUSER" > monitored', description: 'as asked', timeout_ms: 5_000 };
    expect(hook('PreToolUse')).toMatchObject({ tool_use_id: toolUse, tool_name: 'Monitor', tool_input: input });
    expect(readFileSync(ada.at('work/monitored'), 'utf8')).toBe('orders\n');
  });

  test('gives the command nothing of the login or of its own access, and telemetry a token of its own', async () => {
    await prompt(command);
    const seen = readFileSync(ada.at('work/seen'), 'utf8');
    expect(seen).toContain(`PGPASSWORD=${tickets.shell}`);
    expect(seen).not.toMatch(/login-canary|spt_m|spw_/);
    const telemetry = plane.told.filter(({ path }) => path.startsWith('/otlp/'));
    expect(new Set(telemetry.map(({ path }) => path))).toEqual(new Set(['/otlp/v1/logs', '/otlp/v1/traces']));
    for (const { token } of telemetry) expect(token).toBe(witness);
  });

  test('does not run what the control plane refuses, and tells the model why', async () => {
    const permissionDecisionReason = 'this AI session was ended by an administrator';
    plane.hookAnswers = {
      PreToolUse: {
        hookSpecificOutput: { hookEventName: 'PreToolUse', permissionDecision: 'deny', permissionDecisionReason },
      },
    };
    rmSync(ada.at('work/seen'), { force: true });
    await prompt('touch seen');
    expect(results()).toContain(permissionDecisionReason);
    expect(() => readFileSync(ada.at('work/seen'))).toThrow();
    expect(plane.told.filter(({ path }) => path === '/v1/exec-tickets')).toEqual([]);
  });

  test('does not ask the model what the control plane refuses to have asked', async () => {
    plane.hookAnswers = { UserPromptSubmit: { decision: 'block', reason: 'this AI session was ended' } };
    const { out, err } = await prompt('true');
    expect(out + err).toContain('this AI session was ended');
    expect(model.requests.filter(({ body }) => body.includes('do as you are told'))).toEqual([]);
  });

  test('is as it was before, once that is undone', async () => {
    expect(await ada.sallyport('setup', 'claude-code', '--undo', '--yes')).toMatchObject({ status: 0 });
    expect(() => readFileSync(ada.at('.claude/settings.json'))).toThrow();
  });
});

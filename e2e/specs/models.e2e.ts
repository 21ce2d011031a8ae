import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { calls, type ModelServer, modelServer, type Seen, says } from '../../libs/protocols/testing/model-server.js';
import { Installation, until } from '../testing/installation.js';

const apiKey = 'model-api-key-that-never-leaves-the-agent';
/** A key as a detector knows it, and as nobody has it. */
const canary = `AKIA${'CANARYCANARYCANA'}`;
const root = path.resolve(import.meta.dirname, '../..');

let model: ModelServer;
let gate: Installation;
let directory: string;

/** What is asked decides what is said: each test has its own words. */
const plan = ({ body }: Seen) =>
  body.includes('run a command') ? calls('Bash', { command: 'psql -c "select 1"' }) : says('Three patients.');

const policy = `
@id("connect") permit(principal, action == Sallyport::Action::"session.connect", resource);
@id("ask") permit(principal, action == Sallyport::Action::"model.request", resource);
@id("call") permit(principal, action == Sallyport::Action::"model.tool_call", resource);
@id("no-payroll") @message("salaries are not for models")
forbid(principal, action == Sallyport::Action::"model.request", resource) when { context.prompt like "*salary*" };
@id("no-shell") @message("no command runs here")
forbid(principal, action == Sallyport::Action::"model.tool_call", resource) when { context.command like "*psql*" && context.ai_session };`;

beforeAll(async () => {
  model = await modelServer(plan, apiKey);
  directory = mkdtempSync(path.join(tmpdir(), 'sallyport-models-e2e-'));
  const key = path.join(directory, 'api-key');
  writeFileSync(key, apiKey, { mode: 0o600 });
  const credential = { source: 'file', path: key };
  gate = await Installation.start({
    targets: [
      { alias: 'anthropic-api', protocol: 'anthropic', endpoint: model.url, credential },
      { alias: 'openai-api', protocol: 'openai', endpoint: model.url, credential },
    ],
  });
  await gate.setPolicy(policy);
  for (const protocol of ['anthropic', 'openai'])
    await gate.api('grace', 'POST', '/v1/connections', { name: protocol, protocol, target: `${protocol}-api` });
}, 240_000);
afterAll(async () => {
  await gate?.stop();
  await model?.[Symbol.asyncDispose]();
});

interface Told {
  readonly answer?: readonly { readonly type: string; readonly text?: string }[];
  readonly status?: number;
  readonly message?: string;
}

/** The vendor's SDK in a process of its own, by one command of ours. */
async function ask(connection: 'anthropic' | 'openai', prompt: string, session?: string): Promise<Told> {
  const script = path.join(root, 'e2e/testing/ask-model.mjs');
  const args = ['connect', connection, '--exec', '--', process.execPath, script, connection, prompt];
  const child = spawn(
    process.execPath,
    [path.join(root, 'apps/cli/bin/sallyport.js'), ...args, ...(session ? [session] : [])],
    {
      env: {
        PATH: process.env['PATH']!,
        HOME: directory,
        XDG_CONFIG_HOME: path.join(directory, 'config'),
        SALLYPORT_URL: gate.url,
        SALLYPORT_TOKEN: await gate.accessToken('ada'),
        ANTHROPIC_API_KEY: 'sk-ant-own-key',
        OPENAI_BASE_URL: 'http://127.0.0.1:9/v1',
      },
    },
  );
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (said.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said.err += chunk.toString()));
  await new Promise((resolve) => child.on('close', resolve));
  if (said.out === '') throw new Error(said.err);
  return JSON.parse(said.out) as Told;
}

/** The operations of the one session that `asked` opens on a connection, once it has `count`. */
async function recordedOf<T>(connection: string, count: number, asked: () => Promise<T>) {
  const before = new Set((await sessionsOf(connection)).map(({ id }) => id));
  const answer = await asked();
  const operations = await until('the operations are on record', async () => {
    const session = (await sessionsOf(connection)).find(({ id }) => !before.has(id));
    const found = session === undefined ? [] : await gate.operations(session.id);
    return found.length >= count && found.every(({ outcome }) => outcome !== undefined) ? found : false;
  });
  return { answer, operations };
}

const sessionsOf = async (name: string) => (await gate.sessions()).filter(({ connection }) => connection === name);

describe.each(['anthropic', 'openai'] as const)('a model by the API of %s', (api) => {
  test('answers a program with the vendor’s SDK by one command, and who asked what is on record', async () => {
    const { answer, operations } = await recordedOf(api, 2, () => ask(api, 'How many patients are there?'));
    expect(JSON.stringify(answer)).toContain('Three patients.');
    const request = operations.find(({ action }) => action === 'model.request');
    expect(request).toMatchObject({ outcome: { status: 'done' } });
    expect(request!.text).toContain('human: How many patients are there?');
    expect(model.seen.at(-1)!.body).toContain('How many patients are there?');
  });

  test('is not asked what the policy forbids, and the program is told why', async () => {
    const before = model.seen.length;
    const { status, message } = await ask(api, 'What is the salary of the director?');
    expect(status).toBe(403);
    expect(message).toContain('salaries are not for models');
    expect(model.seen).toHaveLength(before);
  });

  test('does not see a secret that stands in the prompt', async () => {
    await ask(api, `Why does ${canary} not work?`);
    expect(model.seen.at(-1)!.body).toContain('Why does');
    expect(model.seen.at(-1)!.body).not.toContain(canary);
  });

  test('leaves neither the API’s key nor the secret in any store or log', async () => {
    const seen = await gate.everythingSeen();
    expect(seen).not.toContain(apiKey);
    expect(seen).not.toContain(canary);
  });
});

test('a tool call in a conversation of Claude Code is refused by a policy on the command, and no tool runs', async () => {
  const { answer } = await ask('anthropic', 'Please run a command.', 'session-of-the-test');
  expect(answer!.map(({ type }) => type)).toEqual(['text', 'text']);
  expect(answer![1]!.text).toContain('no command runs here');
  const { items } = await gate.api<{ items: { client: string }[] }>('ada', 'GET', '/v1/ai-sessions');
  expect(items.map(({ client }) => client)).toContain('claude-code');
});

test('what is not in any conversation may be another matter: the same call is on record and passed on', async () => {
  const { answer: told, operations } = await recordedOf('anthropic', 3, () =>
    ask('anthropic', 'Please run a command.'),
  );
  expect(told.answer!.map(({ type }) => type)).toEqual(['text', 'tool_use']);
  expect(operations.find(({ action }) => action === 'model.tool_call')!.text).toBe('Bash: psql -c "select 1"');
});

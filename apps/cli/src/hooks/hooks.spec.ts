import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { canary, issuedTicket, type ScriptedControlPlane, scriptedControlPlane } from '../control-plane.fixture.js';
import { run } from '../program.js';

let plane: ScriptedControlPlane;
let home: string;

beforeEach(async () => {
  plane = await scriptedControlPlane();
  home = mkdtempSync(path.join(tmpdir(), 'sallyport-hooks-'));
});
afterEach(async () => {
  await plane[Symbol.asyncDispose]();
  rmSync(home, { recursive: true, force: true });
});

const sallyport = async (
  args: string[],
  { input = '', env = {} }: { input?: string; env?: NodeJS.ProcessEnv } = {},
) => {
  const said = { out: '', err: '' };
  const status = await run(args, {
    env: { XDG_CONFIG_HOME: home, SALLYPORT_URL: plane.url, SALLYPORT_TOKEN: 'canary-login', ...env },
    program: ['/usr/bin/sallyport'],
    input: (async function* () {
      for (const character of Buffer.from(input)) yield Buffer.of(character); // a pipe cuts where it wants to
    })(),
    out: (text) => {
      said.out += text;
    },
    err: (text) => {
      said.err += text;
    },
  });
  return { status, ...said };
};

const event = { hook_event_name: 'PreToolUse', session_id: 's1', tool_name: 'Bash', tool_input: { command: 'echo ü' } };
const denial = {
  hookSpecificOutput: {
    hookEventName: 'PreToolUse',
    permissionDecision: 'deny',
    permissionDecisionReason: 'this AI session was ended\u001b[2J',
  },
};

describe('a hook', () => {
  test.each([
    ['claude-code', '/hooks/claude'],
    ['codex', '/hooks/codex'],
  ])('of %s goes to %s as it came, and no opinion is silence', async (client, at) => {
    plane.answer = () => ({ body: {} });
    expect(await sallyport(['hook', client], { input: JSON.stringify(event) })).toEqual({
      status: 0,
      out: '',
      err: '',
    });
    expect(plane.asked).toEqual([{ method: 'POST', path: at, token: 'canary-login', body: event }]);
  });

  test('that is refused says why and ends with 2, which both clients take for a refusal', async () => {
    plane.answer = () => ({ body: denial });
    const { status, out, err } = await sallyport(['hook', 'claude-code'], { input: JSON.stringify(event) });
    expect({ status, err }).toEqual({ status: 2, err: 'this AI session was ended\\x1b[2J\n' });
    expect(JSON.parse(out)).toEqual(denial);
  });

  test('hands any other opinion on', async () => {
    const opinion = { hookSpecificOutput: { hookEventName: 'PreToolUse', permissionDecision: 'ask' } };
    plane.answer = () => ({ body: opinion });
    const { status, out } = await sallyport(['hook', 'claude-code'], { input: JSON.stringify(event) });
    expect([status, JSON.parse(out)]).toEqual([0, opinion]);
  });

  test.each(['refused', 'silent', 'gone'])(
    'holds nothing up while the control plane is %s, and says so',
    async (what) => {
      plane.answer = () => (what === 'silent' ? 'silence' : { status: 401, body: { code: 'UNAUTHENTICATED' } });
      const env = what === 'gone' ? { SALLYPORT_URL: 'http://127.0.0.1:9' } : {};
      const told = (...more: string[]) =>
        sallyport(['hook', 'claude-code', '--deadline', '300', ...more], { input: JSON.stringify(event), env });
      expect(await told()).toMatchObject({
        status: 0,
        out: '',
        err: expect.stringContaining('not told of this PreToolUse'),
      });
      expect(await told('--strict')).toMatchObject({ status: 2, out: '' });
    },
  );

  test('that comes too often is told again after the pause that is asked for, if the client can wait so long', async () => {
    const pause = (seconds: number) => ({
      status: 429,
      body: {
        code: 'RATE_LIMITED',
        detail: 'too many requests of this kind',
        details: { retry_after_seconds: seconds },
      },
    });
    plane.answer = () => (plane.asked.length === 1 ? pause(1) : { body: denial });
    const input = JSON.stringify(event);
    expect(await sallyport(['hook', 'claude-code'], { input })).toMatchObject({ status: 2 });
    expect(plane.asked.map(({ body }) => body)).toEqual([event, event]);
    plane.answer = () => pause(60);
    const told = await sallyport(['hook', 'claude-code'], { input });
    expect(told).toMatchObject({ status: 0, out: '', err: expect.stringContaining('too many requests of this kind') });
    expect(plane.asked).toHaveLength(3);
    expect(await sallyport(['hook', 'claude-code', '--strict'], { input })).toMatchObject({ status: 2 });
  });

  test('even when strict never stops a client from stopping', async () => {
    const input = JSON.stringify({ hook_event_name: 'Stop' });
    expect(await sallyport(['hook', 'claude-code', '--strict'], { input })).toMatchObject({ status: 0 });
  });

  test('leaves a tool’s long answer out, and says that it did', async () => {
    plane.answer = () => ({ body: {} });
    const after = { ...event, hook_event_name: 'PostToolUse', tool_response: { stdout: 'short' } };
    await sallyport(['hook', 'claude-code'], { input: JSON.stringify(after) });
    await sallyport(['hook', 'claude-code'], {
      input: JSON.stringify({ ...after, tool_response: { stdout: 'x'.repeat(70_000) } }),
    });
    const { tool_response: _, ...rest } = after;
    expect(plane.asked.map(({ body }) => body)).toEqual([after, { ...rest, tool_response_omitted: true }]);
  });

  test.each(['', 'not json', '[]', 'null'])('of %j is wrong use, which refuses nothing to a client', async (input) => {
    expect(await sallyport(['hook', 'claude-code'], { input })).toMatchObject({
      status: 0,
      err: expect.stringContaining('not a JSON object'),
    });
    expect(plane.asked).toEqual([]);
  });
  test.each([['gemini'], ['claude-code', '--an-option-of-a-newer-version'], []])(
    'of wrong use refuses nothing to a client either: %s %s',
    async (...args) => {
      const { status, err } = await sallyport(['hook', ...args], { input: JSON.stringify(event) });
      expect(status).toBeLessThan(2);
      expect(err).toMatch(/has no hooks|unknown option|missing required/);
    },
  );
});

describe('a token for the model', () => {
  const connections = (...protocols: string[]) => ({
    body: { items: protocols.map((protocol, index) => ({ name: `${protocol}-${index}`, protocol })) },
  });

  test('is a ticket for the only connection of its protocol, and is all that is printed', async () => {
    plane.answer = ({ path: at }) =>
      at.startsWith('/v1/connections')
        ? connections('postgres', 'anthropic', 'openai')
        : { status: 201, body: issuedTicket('anthropic-1', 'anthropic') };
    expect(await sallyport(['llm-token'])).toEqual({ status: 0, out: `${canary('anthropic-1')}\n`, err: '' });
    expect(plane.asked.at(-1)).toMatchObject({ path: '/v1/tickets', body: { connection: 'anthropic-1' } });
    await sallyport(['llm-token', '--protocol', 'openai']);
    expect(plane.asked.at(-1)!.body).toEqual({ connection: 'openai-2' });
    await sallyport(['llm-token'], { env: { SALLYPORT_ANTHROPIC: 'claude' } });
    expect(plane.asked.at(-1)!.body).toEqual({ connection: 'claude' });
  });

  test('is not guessed among several, and none of another protocol is given away', async () => {
    plane.answer = ({ path: at }) =>
      at.startsWith('/v1/connections')
        ? connections('anthropic', 'anthropic')
        : { status: 201, body: issuedTicket('orders', 'postgres') };
    expect(await sallyport(['llm-token'])).toMatchObject({
      status: 2,
      out: '',
      err: expect.stringContaining('anthropic-0, anthropic-1'),
    });
    expect(await sallyport(['llm-token', 'orders'])).toMatchObject({ status: 2, out: '' });
    plane.answer = () => connections('postgres');
    expect(await sallyport(['llm-token'])).toMatchObject({
      status: 2,
      out: '',
      err: expect.stringContaining('ask an administrator'),
    });
  });
});

describe('headers for telemetry', () => {
  const token = (name: string, seconds: number) => ({
    status: 201,
    body: { token: `spw_${name}`, expires_at: new Date(Date.now() + seconds * 1000).toISOString() },
  });

  test('hold a witness token, kept for its owner only until it ends', async () => {
    plane.answer = () => token('one', 3600);
    const first = await sallyport(['otel-headers']);
    expect(JSON.parse(first.out)).toEqual({ Authorization: 'Bearer spw_one' });
    plane.answer = () => token('two', 3600);
    expect(await sallyport(['otel-headers'])).toEqual(first);
    expect(plane.asked).toEqual([
      { method: 'POST', path: '/v1/witness-tokens', token: 'canary-login', body: { client: 'claude-code' } },
    ]);
    const [file] = readdirSync(path.join(home, 'sallyport'));
    expect(statSync(path.join(home, 'sallyport', file!)).mode & 0o777).toBe(0o600);
    expect(readFileSync(path.join(home, 'sallyport', file!), 'utf8')).not.toContain('canary-login');
    await sallyport(['otel-headers', '--client', 'codex']);
    expect(plane.asked.at(-1)!.body).toEqual({ client: 'codex' });
  });

  test('are renewed before it ends', async () => {
    plane.answer = () => token('short', 30);
    await sallyport(['otel-headers']);
    plane.answer = () => token('next', 3600);
    expect((await sallyport(['otel-headers'])).out).toContain('spw_next');
  });
});

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestIssuer, testIssuer } from '@sallyport/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { run } from './program.js';

interface Asked {
  readonly method: string;
  readonly url: string;
  readonly token?: string;
  readonly body?: unknown;
  readonly key?: string;
}

type Answer = { status?: number; body?: unknown };

let issuer: TestIssuer;
let server: Server;
let home: string;
let url: string;
let asked: Asked[];
let answer: (request: Asked) => Answer;

const read = async (request: IncomingMessage): Promise<unknown> => {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text ? JSON.parse(text) : undefined;
};

beforeAll(async () => {
  issuer = await testIssuer({ accessTokenSeconds: 20 }); // below the margin: every token is renewed before it is used
  server = createServer((request, response) => {
    void read(request).then((body) => {
      const heard: Asked = {
        method: request.method!,
        url: request.url!,
        token: request.headers.authorization?.replace('Bearer ', ''),
        body,
        key: request.headers['idempotency-key'] as string,
      };
      asked.push(heard);
      const { status = 200, body: answered } =
        heard.url === '/v1/auth/config'
          ? {
              body: {
                issuer: issuer.issuer,
                cli_client_id: issuer.cliClientId,
                audience: issuer.audience,
                scopes: ['openid', 'profile', 'email'],
              },
            }
          : answer(heard);
      response.writeHead(status, { 'content-type': status >= 400 ? 'application/problem+json' : 'application/json' });
      response.end(answered === undefined ? '' : JSON.stringify(answered));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await issuer.stop();
});

beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'sallyport-cli-'));
  asked = [];
  answer = () => ({ body: { items: [] } });
});

afterEach(() => rmSync(home, { recursive: true, force: true }));

const sallyport = async (
  args: string[],
  { env = {}, onErr }: { env?: NodeJS.ProcessEnv; onErr?: (text: string) => void } = {},
) => {
  const said = { out: '', err: '' };
  const status = await run(args, {
    env: { PATH: process.env['PATH'], XDG_CONFIG_HOME: home, SALLYPORT_URL: url, ...env },
    program: ['/usr/bin/sallyport'],
    out: (text) => {
      said.out += text;
    },
    err: (text) => {
      said.err += text;
      onErr?.(text);
    },
  });
  return { status, ...said };
};

const logIn = (person: string) =>
  sallyport(['login'], {
    onErr: (text) => {
      const address = /https?:\S+/.exec(text)?.[0];
      if (address) void issuer.approveDevice(address, person);
    },
  });

const credentials = () => readFileSync(path.join(home, 'sallyport', 'credentials.json'), 'utf8');

describe('a login', () => {
  test('is by device flow, kept for its owner only, renewed by itself, and ended at the issuer', async () => {
    expect(await logIn('ada')).toMatchObject({ status: 0, out: `logged in at ${url}\n` });
    expect(statSync(path.join(home, 'sallyport', 'credentials.json')).mode & 0o777).toBe(0o600);
    expect(statSync(path.join(home, 'sallyport')).mode & 0o777).toBe(0o700);
    const first = JSON.parse(credentials()) as {
      logins: Record<string, { refresh_token: string; access_token: string }>;
    };

    answer = () => ({ body: { name: 'ada', roles: ['user'] } });
    expect(await sallyport(['whoami'])).toMatchObject({ status: 0, out: 'name   ada\nroles  user\n' });
    const second = JSON.parse(credentials()) as typeof first;
    expect(second.logins[url]!.access_token).not.toBe(first.logins[url]!.access_token);
    expect(asked.at(-1)!.token).toBe(second.logins[url]!.access_token);

    expect((await sallyport(['logout'])).status).toBe(0);
    expect(JSON.parse(credentials())).toMatchObject({ logins: {} });
    await expect(issuer.refresh(second.logins[url]!.refresh_token)).rejects.toThrow('invalid_grant');
    expect((await sallyport(['whoami'])).status).toBe(3);
  }, 30_000);

  test('of several commands at once is renewed one after another, so that none loses it', async () => {
    await logIn('ada');
    const all = await Promise.all(Array.from({ length: 5 }, () => sallyport(['tickets', 'list'])));
    expect(all.map(({ status }) => status)).toEqual([0, 0, 0, 0, 0]);
    expect(readdirSync(path.join(home, 'sallyport'))).toEqual(['credentials.json']);
  }, 30_000);
});

describe('with a token from the environment', () => {
  const env = { SALLYPORT_TOKEN: 'canary-token' };

  test('a list is read page by page and printed as a table, or as JSON', async () => {
    answer = ({ url: at }) => ({
      body: at.includes('cursor=2')
        ? { items: [{ name: 'payroll', protocol: 'postgres', target: 't2' }] }
        : {
            items: [
              {
                name: 'orders\u001b[31m',
                protocol: 'postgres',
                target: 't1',
                databases: ['app'],
                protection: { state: 'unprotected', problems: 3 },
              },
            ],
            next_cursor: '2',
          },
    });
    const { out, status } = await sallyport(['connections', 'list'], { env });
    expect({ out, status }).toEqual({
      status: 0,
      out: 'NAME            PROTOCOL  TARGET  SCOPE  LABELS  PROTECTION\norders\\x1b[31m  postgres  t1      app    -       unprotected (3)\npayroll         postgres  t2      -      -       -\n',
    });
    expect(JSON.parse((await sallyport(['connections', 'list', '--json'], { env })).out)).toHaveLength(2);
    expect(asked[0]!.token).toBe('canary-token');
  });

  test('a connection that is not protected is shown with its reasons, safe to print', async () => {
    answer = () => ({
      body: {
        name: 'orders',
        protection: {
          state: 'unprotected',
          problems: 1,
          findings: [{ agent: 'eu', database: 'app', problem: 'can write: app.\u001b[31m (INSERT)' }],
          unasked: [{ database: 'stock', reason: 'no agent that offers it is linked' }],
          advice: 'harden it',
        },
      },
    });
    expect((await sallyport(['connections', 'show', 'orders'], { env })).out).toBe(
      [
        'name        orders',
        'protection  unprotected (1)',
        '  eu, app: can write: app.\\x1b[31m (INSERT)',
        '  no agent, stock: no agent that offers it is linked',
        '  harden it\n',
      ].join('\n'),
    );
  });

  test('the hardening script goes to standard output alone, and what to do with it to the other', async () => {
    const script = 'begin;\ncommit;\n';
    answer = () => ({ body: { database: 'app', role: 'reader', script, accept: [`can write: app."it's".*`] } });
    const options = ['--role', 'reader', '--schema', 'app', '--schema', 'hr', '--read-write', '--withhold', '*.*.ssn'];
    const { out, err, status } = await sallyport(['connections', 'harden', 'orders', ...options], { env });
    expect({ out, status }).toEqual({ out: script, status: 0 });
    expect(err).toContain('let the agent log in as "reader"');
    expect(err).toContain(`sallyport connections update orders --accept 'can write: app."it'\\''s".*'`);
    expect(asked.at(-1)).toMatchObject({
      url: '/v1/connections/orders/hardening',
      body: { role: 'reader', schemas: ['app', 'hr'], read_write: true, withhold: ['*.*.ssn'] },
    });
  });

  test('protection can be demanded and given up, and what was accepted taken back', async () => {
    answer = () => ({ body: { name: 'orders' } });
    const sent = async (...options: string[]) => {
      await sallyport(['connections', 'update', 'orders', ...options], { env });
      return asked.at(-1)!.body;
    };
    expect(await sent('--require-protected', '--accept', 'can write: a', '--accept', 'can run: b')).toEqual({
      require_protected: true,
      accepted_problems: ['can write: a', 'can run: b'],
    });
    expect(await sent('--no-require-protected', '--accept-none')).toEqual({
      require_protected: false,
      accepted_problems: [],
    });
    expect(await sent('--target', 't2')).toEqual({ target: 't2' });
  });

  test('a budget is made once, changed afterwards, and never turned into another', async () => {
    const each = { name: 'each', applies_to: { kind: 'group', value: 'ops' }, per: 'identity', window: 'day' };
    const there = { ...each, models: [], limit_tokens: null, limit_usd: 20 };
    const set = (...options: string[]) => sallyport(['budgets', 'set', 'each', ...options], { env });
    answer = ({ method }) => (method === 'GET' ? { status: 404, body: { code: 'NOT_FOUND' } } : { body: there });
    const made = await set(
      '--for',
      'group:ops',
      '--per',
      'identity',
      '--window',
      'day',
      '--usd',
      '20',
      '--tokens',
      'none',
    );
    expect(made.out).toContain('applies_to    group:ops');
    expect(asked.at(-1)).toMatchObject({ method: 'POST', url: '/v1/budgets', body: { ...each, limit_usd: 20 } });
    expect(asked.at(-1)!.body).not.toHaveProperty('limit_tokens');
    expect((await set('--for', 'everybody')).status).toBe(2);

    answer = () => ({ body: there });
    await set('--tokens', '5000', '--usd', 'none', '--model', 'claude-*', '--per', 'identity');
    expect(asked.at(-1)).toMatchObject({
      method: 'PATCH',
      url: '/v1/budgets/each',
      body: { limit_tokens: 5000, limit_usd: null, models: ['claude-*'] },
    });
    const before = asked.length;
    const other = await set('--per', 'whole');
    expect(other).toMatchObject({ status: 6, err: expect.stringContaining('counts something else') });
    expect(asked.slice(before).map(({ method }) => method)).toEqual(['GET']);
  });

  test('what a budget has counted is shown by whose it is', async () => {
    const counts = { used_tokens: 15, used_usd: 0.1234, reserved_tokens: 7, left_tokens: null, left_usd: 19.5 };
    answer = () => ({
      body: {
        items: [
          { subject: { identity: { id: 'p-1', name: 'ada' }, ai_session: 'codex:s' }, ...counts, resets_at: null },
          { subject: {}, ...counts, resets_at: '2026-11-30T00:00:00.000Z' },
        ],
      },
    });
    const { out } = await sallyport(['budgets', 'usage', 'each'], { env });
    expect(out.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['OF', 'USED TOKENS', 'USED USD', 'RESERVED', 'LEFT TOKENS', 'LEFT USD', 'RESETS'],
      ['ada codex:s', '15', '0.12', '7', '-', '19.50', '-'],
      ['all', '15', '0.12', '7', '-', '19.50', '2026-11-30T00:00:00.000Z'],
      [''],
    ]);
  });

  test('one price is set beside those that are there, and only where nobody else has changed them', async () => {
    const price = { over_tokens: 0, input: 1, output: 2, cache_read: 1, cache_write: 1 };
    const own = { ...price, pattern: 'mine' };
    const items = [
      { ...own, source: 'installation' },
      { ...price, pattern: 'listed', source: 'list' },
    ];
    answer = () => ({ body: { version: 7, list_prices_of: '2026-10', items } });
    const set = (...options: string[]) => sallyport(['model-prices', 'set', ...options], { env });
    await set('new-*', '--input', '3', '--output', '15.5', '--cache-read', '0.3');
    const made = { pattern: 'new-*', over_tokens: 0, input: 3, output: 15.5, cache_read: 0.3, cache_write: 3 };
    expect(asked.at(-1)).toMatchObject({ method: 'PUT', url: '/v1/model-prices' });
    expect(asked.at(-1)!.body).toEqual({ prices: [own, made], expected_version: 7 });
    await set('mine', '--remove');
    expect(asked.at(-1)!.body).toEqual({ prices: [], expected_version: 7 });
    expect((await set('m', '--input', '-1')).status).toBe(2);
    const { out, err } = await sallyport(['model-prices', 'list'], { env });
    expect(out).toContain('listed');
    expect(err).toContain('list prices of 2026-10: check them');
  });

  test('a connection of AWS is made with its own settings, and shown by them', async () => {
    const role = 'arn:aws:iam::111122223333:role/gate';
    const settings = { regions: ['eu-west-1', 'eu-west-3'], accounts: ['111122223333'], role };
    const staging = { name: 'staging', protocol: 'aws', target: 'aws-eu', databases: [], settings };
    answer = () => ({ body: staging });
    const options = ['--region', 'eu-west-1', '--region', 'eu-west-3', '--account', '111122223333', '--role', role];
    const made = await sallyport(
      ['connections', 'create', 'staging', '--protocol', 'aws', '--target', 'aws-eu', ...options],
      { env },
    );
    expect(asked.at(-1)!.body).toEqual({ name: 'staging', protocol: 'aws', target: 'aws-eu', ...settings });
    expect(made.out).toMatch(/^regions +eu-west-1, eu-west-3\naccounts +111122223333\nrole +arn:aws:iam/m);
    expect(made.out).not.toContain('settings');

    const sent = async (...given: string[]) => {
      await sallyport(['connections', 'update', 'staging', ...given], { env });
      return asked.at(-1)!.body;
    };
    expect(await sent('--no-role', '--any-region', '--any-account')).toEqual({ role: '', regions: [], accounts: [] });
    expect(await sent('--label', 'prod')).toEqual({ labels: ['prod'] });

    const any = { ...staging, name: 'all', settings: {} };
    answer = () => ({ body: { items: [{ ...staging, settings: { accounts: ['111122223333'], role: 'r' } }, any] } });
    const { out } = await sallyport(['connections', 'list'], { env });
    expect(out).toContain('111122223333 in any region, as r');
    expect(out).toContain('any account in any region');
  });

  test('an AI session is ended for good for a reason, and a review shows the prompt behind it', async () => {
    const env = { SALLYPORT_URL: url, SALLYPORT_TOKEN: 'secret-token' };
    answer = ({ method }) =>
      method === 'POST'
        ? { body: { id: 'a1', tickets_revoked: 3 } }
        : { body: { id: 'r1', preview: 'drop it', prompt } };
    const prompt = {
      client: 'claude-code',
      origin: 'human',
      untrusted_by: 'WebFetch',
      messages: [{ seq: 1, kind: 'human', text: 'tidy\nup \u001b[2J' }],
      tool_call: { id: 'toolu_1', name: 'Bash', input: '{"command":"psql"}' },
    };
    expect((await sallyport(['ai-sessions', 'kill', 'a1'], { env })).status).toBe(2);
    expect(asked).toEqual([]);
    const killed = await sallyport(['ai-sessions', 'kill', 'a1', '--reason', 'it deletes'], { env });
    expect(killed).toMatchObject({ status: 0, out: 'ended a1 for good; tickets revoked: 3\n' });
    expect(asked[0]).toMatchObject({ url: '/v1/ai-sessions/a1/kill', body: { reason: 'it deletes' } });

    const { out } = await sallyport(['reviews', 'show', 'r1'], { env });
    expect(out).toContain('human:\n  tidy\n  up \\x1b[2J\n');
    expect(out).toContain('has read what strangers write, by WebFetch\n');
    expect(out).toContain('Bash (toolu_1):\n  {"command":"psql"}\n');
  });

  test('AI sessions are listed with their state, and shown with what they were told and did', async () => {
    const env = { SALLYPORT_URL: url, SALLYPORT_TOKEN: 'secret-token' };
    const sessions = [
      { id: 'a1', client: 'codex', killed: { at: '2026-01-01T00:00:00.000Z', reason: 'it deletes' }, ended_at: null },
      { id: 'a2', client: 'claude-code', killed: null, ended_at: '2026-01-01T00:00:00.000Z' },
      { id: 'a3', client: 'claude-code', killed: null, ended_at: null },
    ];
    answer = () => ({ body: { items: sessions, next_cursor: null } });
    const { out: list } = await sallyport(['ai-sessions', 'list'], { env });
    expect(list).toMatch(/a1 .*killed.*a2 .*ended.*a3 .*open/s);

    const call = {
      tool_use_id: 'toolu_1',
      name: 'Bash',
      input: 'psql',
      outcome: null,
      refusal: 'not this',
      agrees: false,
    };
    const turn = { client_turn: 'p-1', origin: 'human', started_at: 'now', untrusted_by: null };
    const latest_turns = [
      { ...turn, messages: [{ seq: 1, kind: 'human', text: 'tidy up' }], tool_calls: [{ ...call, message: 1 }] },
    ];
    answer = () => ({ body: { ...sessions[0], latest_turns } });
    const { out } = await sallyport(['ai-sessions', 'show', 'a1'], { env });
    expect(out).toContain('it deletes');
    expect(out).toContain(
      'turn p-1 (human, now)\n  human: tidy up\n    Bash toolu_1 (refused: not this, the witnesses tell different inputs): psql\n',
    );
  });

  test('a problem becomes a message with its hint, a reference and the code’s exit status', async () => {
    answer = () => ({
      status: 409,
      body: {
        code: 'CONFLICT',
        title: 'Conflict',
        detail: 'the review "r1" is settled already',
        hint: 'ask again',
        correlation_id: 'c-1',
      },
    });
    expect(await sallyport(['reviews', 'approve', 'r1', '--reason', 'fine'], { env })).toEqual({
      status: 6,
      out: '',
      err: 'sallyport: the review "r1" is settled already\n  hint: ask again\n  reference: c-1\n',
    });
    expect(asked[0]).toMatchObject({
      method: 'POST',
      url: '/v1/reviews/r1/verdict',
      body: { verdict: 'approve', reason: 'fine' },
    });
    expect(asked[0]!.key).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('the problems of a policy are listed', async () => {
    answer = () => ({
      status: 400,
      body: {
        code: 'INVALID_INPUT',
        detail: 'the policies do not validate',
        details: { problems: [{ severity: 'error', policy: 'p1', line: 3, message: 'no such action' }] },
      },
    });
    const file = path.join(home, 'policy.cedar');
    writeFileSync(file, 'permit(principal, action, resource);');
    expect(await sallyport(['policies', 'apply', file], { env })).toMatchObject({
      status: 2,
      err: 'sallyport: the policies do not validate\n  - policy p1, line 3: no such action\n',
    });
  });

  test('one ready-made policy is printed by itself, to be applied', async () => {
    const pack = (name: string) => ({
      name,
      title: `title of ${name}`,
      text: `@id("${name}") permit(principal, action, resource);`,
    });
    answer = () => ({ body: { items: [pack('model-guarded'), pack('model-strict')] } });
    const { status, out } = await sallyport(['policies', 'packs', 'model-strict'], { env });
    expect({ status, out }).toEqual({
      status: 0,
      out: '// model-strict: title of model-strict\n@id("model-strict") permit(principal, action, resource);\n',
    });
    expect((await sallyport(['policies', 'packs'], { env })).out).toContain('@id("model-guarded")');
    expect(await sallyport(['policies', 'packs', 'models'], { env })).toMatchObject({
      status: 5,
      err: expect.stringContaining('choose one of model-guarded, model-strict'),
    });
  });

  test('connect prints an environment that a shell takes, and keeps the CA certificate in a file', async () => {
    const certificate = '-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n';
    answer = () => ({
      status: 201,
      body: {
        id: 't',
        ticket: "spt_it's",
        expires_at: '2026-01-02T03:04:05Z',
        connection: 'orders',
        protocol: 'postgres',
        endpoint: { host: '127.0.0.1', port: 7432, databases: ['app'], ca_certificate: certificate },
      },
    });
    const { out } = await sallyport(['connect', 'orders', '--ai-session', 's1', '--ttl', '60'], { env });
    expect(asked[0]!.body).toEqual({ connection: 'orders', ai_session: 's1', ttl_seconds: 60 });
    expect(out).toContain("export PGPASSWORD='spt_it'\\''s'\n");
    expect(out).toContain("export PGUSER='orders'\nexport PGPASSWORD=");
    const file = /PGSSLROOTCERT='([^']+)'/.exec(out)![1]!;
    expect(readFileSync(file, 'utf8')).toBe(certificate);
    expect(
      (
        await sallyport(
          [
            'connect',
            'orders',
            '--exec',
            '--',
            'sh',
            '-c',
            'test "$PGSSLMODE" = verify-full && test "$PGDATABASE" = app && exit 42',
          ],
          { env },
        )
      ).status,
    ).toBe(42);
    expect(await sallyport(['connect', 'orders', '--exec', '--', 'no-such-program'], { env })).toMatchObject({
      status: 5,
    });
  });

  test('a client of another protocol than the connection’s is not started', async () => {
    const endpoint = { host: '127.0.0.1', port: 1, databases: [], ca_certificate: 'x' };
    const of = (protocol: string) => () => ({
      status: 201,
      body: { id: 't', ticket: 'x', expires_at: '2026-01-02T03:04:05Z', connection: 'c', protocol, endpoint },
    });
    answer = of('aws');
    const hint = '  hint: use: sallyport aws c\n';
    for (const wrong of [
      ['psql', 'c'],
      ['proxy', 'c'],
    ])
      expect(await sallyport(wrong, { env })).toMatchObject({
        status: 2,
        err: `sallyport: "c" is a connection of the protocol "aws"\n${hint}`,
      });
    answer = of('postgres');
    for (const wrong of [
      ['aws', 'c', 's3', 'ls'],
      ['aws-credentials', 'c'],
    ])
      expect(await sallyport(wrong, { env })).toMatchObject({
        status: 2,
        out: '',
        err: expect.stringContaining('use: sallyport psql c') as string,
      });
    answer = of('gopher');
    expect(await sallyport(['connect', 'c'], { env })).toMatchObject({ status: 2 });
  });

  test('a ticket is printed for AWS clients as they ask for it, for whom the environment or an option says', async () => {
    answer = () => ({
      status: 201,
      body: {
        id: 't',
        ticket: 'spt_x',
        expires_at: '2036-01-02T03:04:05Z',
        connection: 'staging',
        protocol: 'aws',
        endpoint: { host: '127.0.0.1', port: 1, databases: [], ca_certificate: 'x' },
        aws: { access_key_id: 'k', secret_access_key: 's', region: null },
      },
    });
    const turn = { SALLYPORT_AI_SESSION: 's1', SALLYPORT_TURN: 'p1', SALLYPORT_TICKET_TTL: '60' };
    const args = ['aws-credentials', 'staging', '--turn', 'p2', '--renewal-lead', '900'];
    const { out, err, status } = await sallyport(args, { env: { ...env, ...turn } });
    expect({ err, status }).toEqual({ err: '', status: 0 });
    expect(JSON.parse(out)).toEqual({
      Version: 1,
      AccessKeyId: 'k',
      SecretAccessKey: 's',
      SessionToken: 'spt_x',
      Expiration: '2036-01-02T03:18:05.000Z',
    });
    expect(asked[0]!.body).toEqual({ connection: 'staging', ai_session: 's1', turn: 'p2', ttl_seconds: 60 });
  });

  test('psql that is not installed is said, with what to do', async () => {
    answer = () => ({
      status: 201,
      body: {
        id: 't',
        ticket: 'x',
        expires_at: '',
        connection: 'orders',
        protocol: 'postgres',
        endpoint: { host: '127.0.0.1', port: 1, databases: ['app'], ca_certificate: 'x' },
      },
    });
    const { status, err } = await sallyport(['psql', 'orders', '-c', 'select 1'], {
      env: { ...env, PATH: '/nonexistent' },
    });
    expect(status).toBe(5);
    expect(err).toContain('apt-get install postgresql-client');
  });

  test('a control plane that is not there is said', async () => {
    expect(await sallyport(['whoami', '--url', 'http://127.0.0.1:9'], { env })).toMatchObject({
      status: 7,
      err: expect.stringContaining('cannot be reached') as string,
    });
  });

  test('nothing that is printed holds the token', async () => {
    answer = () => ({ status: 500, body: {} });
    for (const args of [
      ['whoami'],
      ['sessions', 'list', '--json'],
      ['evidence', 'export', '--out', path.join(home, 'b')],
    ]) {
      const { out, err } = await sallyport(args, { env });
      expect(out + err).not.toContain('canary-token');
    }
  });
});

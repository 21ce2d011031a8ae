import { appendFileSync, chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { issueServerCertificate } from '@sallyport/tunnel';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { builtCli } from '../aws/built.fixture.js';
import {
  type Answer,
  type Asked,
  authority,
  issuedTicket,
  type ScriptedControlPlane,
  scriptedControlPlane,
} from '../control-plane.fixture.js';
import { run } from '../program.js';
import type { Finding } from './finding.js';

let built: string;
let script: string;
let listener: Server;
let port: number;
let plane: ScriptedControlPlane;
let place: string;

beforeAll(async () => {
  built = mkdtempSync(path.join(tmpdir(), 'sallyport-doctor-'));
  script = await builtCli(built);
  const { certificate, privateKey } = await issueServerCertificate(authority, ['127.0.0.1']);
  listener = createServer({ cert: certificate, key: privateKey }, (_, response) => response.end());
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  ({ port } = listener.address() as AddressInfo);
});
afterAll(() => {
  listener.close();
  rmSync(built, { recursive: true, force: true });
});

const healthy = ({ method, path: at, body }: Asked): Answer => {
  if (at === '/v1/auth/config') return { body: {} };
  if (at === '/v1/whoami') return { body: { name: 'ada@example.test' } };
  if (at.startsWith('/v1/connections'))
    return {
      body: {
        items: [
          { name: 'claude', protocol: 'anthropic' },
          { name: 'gpt', protocol: 'openai' },
        ],
      },
    };
  if (at === '/v1/witness-tokens')
    return { status: 201, body: { token: 'spw_canary', expires_at: '2100-01-01T00:00:00Z' } };
  if (at.startsWith('/hooks/')) return { body: {} };
  if (method === 'DELETE') return { status: 204 };
  const endpoint = { ...issuedTicket('x', 'anthropic').endpoint, port };
  const name = body['connection'] as string;
  return { status: 201, body: issuedTicket(name, name === 'gpt' ? 'openai' : 'anthropic', { endpoint }) };
};

beforeEach(async () => {
  plane = await scriptedControlPlane();
  plane.answer = healthy;
  place = mkdtempSync(path.join(tmpdir(), 'sallyport-machine-'));
  mkdirSync(path.join(place, 'bin'));
  mkdirSync(path.join(place, 'managed'));
  install('claude', '2.1.329 (Claude Code)');
});
afterEach(async () => {
  await plane[Symbol.asyncDispose]();
  rmSync(place, { recursive: true, force: true });
});

const install = (name: string, version: string): void => {
  const file = path.join(place, 'bin', name);
  writeFileSync(file, `#!/bin/sh\necho '${version}'\n`);
  chmodSync(file, 0o755);
};

const sallyport = async (args: string[], env: NodeJS.ProcessEnv = {}) => {
  const said = { out: '', err: '' };
  const status = await run(args, {
    env: {
      PATH: `${path.join(place, 'bin')}:${path.dirname(process.execPath)}:/usr/bin:/bin`,
      HOME: path.join(place, 'home'),
      SALLYPORT_URL: plane.url,
      SALLYPORT_TOKEN: 'canary-login',
      ...env,
    },
    program: [process.execPath, script],
    out: (text) => {
      said.out += text;
    },
    err: (text) => {
      said.err += text;
    },
  });
  return { status, ...said };
};

const doctor = async (env: NodeJS.ProcessEnv = {}) => {
  const { status, out } = await sallyport(['doctor', '--json', '--managed-folder', path.join(place, 'managed')], env);
  const { ok, findings } = JSON.parse(out) as { ok: boolean; findings: Finding[] };
  expect(status).toBe(ok ? 0 : 1);
  expect(out).not.toMatch(/canary/);
  return { status, wrong: findings.filter(({ state }) => state !== 'ok'), findings };
};

const setUp = (...args: string[]) => sallyport(['setup', 'claude-code', '--yes', ...args]);
const settings = (): string => path.join(place, 'home', '.claude', 'settings.json');

describe('a machine that was set up', () => {
  beforeEach(() => setUp());

  test('is fine, and is told that settings of its own can be stepped past', async () => {
    const { status, wrong, findings } = await doctor();
    expect(wrong).toEqual([
      expect.objectContaining({
        state: 'warning',
        check: 'Claude Code settings',
        mend: 'sudo sallyport setup claude-code --managed',
      }),
    ]);
    expect(status).toBe(0);
    expect(findings.map(({ check }) => check)).toEqual([
      'control plane',
      'clock',
      'login',
      'connection claude',
      'connection gpt',
      'hooks',
      'telemetry',
      'Claude Code',
      'Claude Code settings',
      'Claude Code trust',
      'Claude Code commands',
    ]);
    expect(plane.asked.find(({ path: at }) => at === '/hooks/claude')!.body).toEqual({
      hook_event_name: 'SallyportPing',
      session_id: 'sallyport-doctor',
    });
    expect(plane.asked.filter(({ method }) => method === 'DELETE')).toHaveLength(3);
  });

  test('says it to people, each with what mends it', async () => {
    plane.answer = (asked) =>
      asked.path === '/v1/whoami'
        ? { status: 401, body: { code: 'UNAUTHENTICATED', detail: 'your login has ended' } }
        : healthy(asked);
    const { status, out } = await sallyport(['doctor', '--managed-folder', path.join(place, 'managed')]);
    expect(status).toBe(1);
    expect(out).toContain('✘ login: your login has ended\n    → sallyport login\n');
    expect(out).toMatch(/^✔ control plane: .* answers\n/);
    expect(out).toMatch(/something is missing/);
  });

  const broken: [string, () => unknown, Partial<Finding>][] = [
    [
      'the control plane is away',
      () => ({ SALLYPORT_URL: 'http://127.0.0.1:9' }),
      { check: 'control plane', says: expect.stringContaining('cannot be reached') as string },
    ],
    [
      'it is another server',
      () => {
        plane.answer = () => undefined;
      },
      { check: 'control plane', says: expect.stringContaining('answers 404') as string },
    ],
    [
      'its certificate is unknown',
      () => ({ SALLYPORT_URL: `https://127.0.0.1:${port}` }),
      { check: 'control plane', mend: 'export NODE_EXTRA_CA_CERTS=/path/to/your/ca.pem' },
    ],
    [
      'the clock is wrong',
      () => {
        plane.answer = (asked) => ({
          ...(healthy(asked) as object),
          headers: { date: new Date(Date.now() - 600_000).toUTCString() },
        });
      },
      { check: 'clock', says: expect.stringMatching(/^is (59\d|60\d) s ahead/) as string },
    ],
    [
      'there is no connection',
      () => {
        plane.answer = (asked) => (asked.path.startsWith('/v1/connections') ? { body: { items: [] } } : healthy(asked));
      },
      { check: 'connections', says: 'you have none' },
    ],
    [
      'the gateway is not reached',
      () => {
        plane.answer = (asked) =>
          asked.path === '/v1/tickets'
            ? {
                status: 201,
                body: issuedTicket('claude', 'anthropic', {
                  endpoint: { ...issuedTicket('x', 'anthropic').endpoint, port: 9 },
                }),
              }
            : healthy(asked);
      },
      { check: 'connection claude', says: expect.stringContaining('127.0.0.1:9 cannot be reached') as string },
    ],
    [
      'a ticket is refused',
      () => {
        plane.answer = (asked) =>
          asked.path === '/v1/tickets'
            ? { status: 403, body: { code: 'FORBIDDEN', detail: 'not yours' } }
            : healthy(asked);
      },
      { check: 'connection claude', says: 'not yours' },
    ],
    [
      'hooks are not known there',
      () => {
        plane.answer = (asked) => (asked.path.startsWith('/hooks') ? undefined : healthy(asked));
      },
      { check: 'hooks' },
    ],
    [
      'telemetry is refused',
      () => {
        plane.answer = (asked) => (asked.path === '/v1/witness-tokens' ? { status: 403, body: {} } : healthy(asked));
      },
      { check: 'telemetry' },
    ],
    [
      'Claude Code is too old',
      () => install('claude', '2.1.99 (Claude Code)'),
      { check: 'Claude Code', says: expect.stringContaining('2.1.99 is too old') as string, mend: 'claude update' },
    ],
    [
      'a key is in the shell',
      () => ({ ANTHROPIC_API_KEY: 'canary-key' }),
      { check: 'Claude Code', mend: 'unset ANTHROPIC_API_KEY' },
    ],
    [
      'the certificate file is gone',
      () => rmSync(path.join(place, 'home/.config/sallyport/setup/gateway-ca.pem')),
      { check: 'Claude Code trust', mend: 'sallyport setup claude-code' },
    ],
    [
      'the shell prefix is gone',
      () => rmSync(path.join(place, 'home/.config/sallyport/setup/bin/sallyport-exec')),
      { check: 'Claude Code commands', says: expect.stringContaining('is not a program') as string },
    ],
    [
      'the shell prefix starts nothing',
      () => writeFileSync(path.join(place, 'home/.config/sallyport/setup/bin/sallyport-exec'), '#!/bin/sh\nexit 1\n'),
      { check: 'Claude Code commands', says: expect.stringContaining('does not start them') as string },
    ],
    [
      'managed settings lead elsewhere',
      () =>
        writeFileSync(
          path.join(place, 'managed', 'managed-settings.json'),
          '{"env":{"ANTHROPIC_BASE_URL":"https://elsewhere"}}',
        ),
      { check: 'Claude Code settings', says: expect.stringContaining('ANTHROPIC_BASE_URL is another one') as string },
    ],
    [
      'managed settings hold a key',
      () =>
        writeFileSync(
          path.join(place, 'managed', 'managed-settings.json'),
          '{"env":{"ANTHROPIC_AUTH_TOKEN":"canary"}}',
        ),
      { check: 'Claude Code', says: expect.stringContaining('ANTHROPIC_AUTH_TOKEN is set in') as string },
    ],
    [
      'settings are no JSON',
      () => writeFileSync(settings(), '{ // mine'),
      { check: 'Claude Code settings', says: expect.stringContaining('is not JSON') as string },
    ],
  ];
  test.each(broken)('is told that %s', async (_, breaks, finding) => {
    const env = breaks();
    const { status, wrong } = await doctor((env ?? {}) as NodeJS.ProcessEnv);
    expect(wrong).toContainEqual(expect.objectContaining({ state: 'missing', ...finding }));
    for (const { mend } of wrong) expect(mend).toBeTruthy();
    expect(status).toBe(1);
  });

  test('is warned of ways past the gateway, which keep nothing from working', async () => {
    mkdirSync(path.join(place, 'home', '.aws'));
    writeFileSync(
      path.join(place, 'home', '.aws', 'credentials'),
      '[default]\naws_access_key_id = CANARY\n'.toLowerCase().replace('canary', 'AKIA'),
    );
    writeFileSync(path.join(place, 'home', '.pgpass'), 'h:5432:d:u:secret\n');
    const { status, wrong } = await doctor({ AWS_PROFILE: 'prod', PGPASSFILE: '/x', PGPASSWORD: 'canary' });
    expect(status).toBe(0);
    const ways = wrong.filter(({ check }) => check === 'ways past the gateway');
    expect(ways.map(({ says }) => says.split(/[ :]/)[0])).toEqual([
      'AWS_PROFILE',
      'PGPASSWORD',
      'PGPASSFILE',
      path.join(place, 'home/.aws/credentials'),
      path.join(place, 'home/.pgpass'),
    ]);
  });
});

test('managed settings that are in force need nothing else', async () => {
  await setUp();
  mkdirSync(path.join(place, 'managed', 'managed-settings.d'));
  cpSync(settings(), path.join(place, 'managed', 'managed-settings.d', '50-sallyport.json'));
  rmSync(settings());
  expect(await doctor()).toMatchObject({ status: 0, wrong: [] });
});

test('who uses one client is only warned of the other, which is there and leads past the gateway', async () => {
  await setUp();
  install('codex', 'codex-cli 0.169.0');
  const { status, wrong } = await doctor();
  expect(wrong).toContainEqual(
    expect.objectContaining({ check: 'Codex settings', state: 'warning', mend: 'sallyport setup codex' }),
  );
  expect(status).toBe(0);
});

describe('an untouched machine', () => {
  test('is told to log in first, and to set the client up', async () => {
    const { wrong } = await doctor({ SALLYPORT_TOKEN: '' });
    expect(wrong.map(({ check, mend }) => [check, mend])).toEqual([
      ['login', 'sallyport login'],
      ['Claude Code settings', 'sallyport setup claude-code'],
    ]);
  });
  test('without an AI client is told to install one', async () => {
    rmSync(path.join(place, 'bin', 'claude'));
    const { wrong } = await doctor({ PATH: path.join(place, 'bin') });
    expect(wrong).toEqual([expect.objectContaining({ check: 'AI client' })]);
  });
  test('with Codex is told what that needs', async () => {
    install('codex', 'codex-cli 0.169.0');
    const before = await doctor();
    expect(before.wrong).toContainEqual(
      expect.objectContaining({ check: 'Codex settings', mend: 'sallyport setup codex' }),
    );
    await sallyport(['setup', 'codex', '--yes']);
    const ca = path.join(place, 'home/.config/sallyport/setup/gateway-ca.pem');
    const after = await doctor();
    expect(after.wrong.filter(({ check }) => check.startsWith('Codex'))).toEqual([
      expect.objectContaining({ check: 'Codex trust', mend: `export CODEX_CA_CERTIFICATE=${ca}` }),
    ]);
    const ofCodex = async () =>
      (await doctor({ CODEX_CA_CERTIFICATE: ca })).wrong.filter(({ check }) => check.startsWith('Codex'));
    expect(await ofCodex()).toEqual([]);
    appendFileSync(path.join(place, 'home/.codex/config.toml'), '\n[features]\nhooks = false\n');
    expect(await ofCodex()).toEqual([
      expect.objectContaining({ check: 'Codex hooks', says: expect.stringContaining('switch them off') }),
    ]);
  });
  test('with Codex managed by an administrator needs nothing but the certificate', async () => {
    install('codex', 'codex-cli 0.171.0');
    const root = path.join(place, 'root');
    await sallyport(['setup', 'codex', '--managed', '--root', root, '--yes']);
    for (const name of ['managed_config.toml', 'requirements.toml'])
      cpSync(path.join(root, 'etc/codex', name), path.join(place, 'managed', name));
    const { wrong } = await doctor();
    expect(wrong.filter(({ check }) => check.startsWith('Codex'))).toEqual([
      expect.objectContaining({
        check: 'Codex trust',
        mend: 'export CODEX_CA_CERTIFICATE=/usr/local/lib/sallyport/gateway-ca.pem',
      }),
    ]);
  });
});

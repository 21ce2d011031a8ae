import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { builtCli } from '../aws/built.fixture.js';
import {
  canary,
  issued,
  issuedTicket,
  type ScriptedControlPlane,
  scriptedControlPlane,
} from '../control-plane.fixture.js';

let built: string;
let script: string;
let plane: ScriptedControlPlane;
let place: string;

beforeAll(async () => {
  built = mkdtempSync(path.join(tmpdir(), 'sallyport exec '));
  script = path.join(path.dirname(await builtCli(built)), 'sallyport-exec.js');
});
afterAll(() => rmSync(built, { recursive: true, force: true }));

beforeEach(async () => {
  plane = await scriptedControlPlane();
  place = mkdtempSync(path.join(tmpdir(), 'sallyport-calls-'));
  for (const name of ['home', 'scratch']) mkdirSync(path.join(place, name));
  logIn();
});
afterEach(async () => {
  await plane[Symbol.asyncDispose]();
  rmSync(place, { recursive: true, force: true });
});

const logIn = (): void => {
  const directory = path.join(place, 'home', '.config', 'sallyport');
  mkdirSync(directory, { recursive: true });
  const login = { issuer: 'i', client_id: 'c', access_token: 'canary-login', expires_at: Date.now() + 3_600_000 };
  writeFileSync(
    path.join(directory, 'credentials.json'),
    JSON.stringify({ current: plane.url, logins: { [plane.url]: login } }),
  );
};

const surroundings = (over: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  PATH: process.env['PATH'],
  HOME: path.join(place, 'home'),
  TMPDIR: path.join(place, 'scratch'),
  CLAUDE_CODE_SESSION_ID: 's1',
  AI_AGENT: 'claude-code_2-1-329_agent',
  ...over,
});

interface Ran {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

interface Running {
  readonly child: ChildProcess;
  /** Once it has written something. */
  readonly ready: Promise<unknown>;
  readonly ended: Promise<Ran>;
}

const started = (args: readonly string[], env: NodeJS.ProcessEnv = {}, input: Buffer | string = ''): Running => {
  const child = spawn(process.execPath, [script, ...args], { env: surroundings(env) });
  child.stdin.on('error', () => undefined).end(input);
  const said = { out: '', err: '' };
  child.stdout.setEncoding('latin1').on('data', (chunk: string) => {
    said.out += chunk;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    said.err += chunk.toString();
  });
  const ended = new Promise<Ran>((resolve) => {
    child.once('close', (status, signal) =>
      resolve({ status, signal, out: Buffer.from(said.out, 'latin1').toString(), err: said.err }),
    );
  });
  return { child, ready: new Promise((resolve) => child.stdout.once('data', resolve)), ended };
};

/** As Claude Code has its shell run the command. */
const claudeLine = (command: string): string =>
  `eval '${command.replaceAll("'", `'"'"'`)}' < /dev/null && pwd -P >| /dev/null`;

const run = (command: string, env: NodeJS.ProcessEnv = {}): Promise<Ran> => started([claudeLine(command)], env).ended;

const variables = async (env: NodeJS.ProcessEnv = {}): Promise<Record<string, string>> => {
  const { out, err } = await run('env -0', env);
  expect(err).toBe('');
  return Object.fromEntries(
    out
      .split('\0')
      .filter(Boolean)
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
};

const files = (directory: string): string[] =>
  readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));

const nothingLeft = (): void => {
  expect(readdirSync(path.join(place, 'scratch'))).toEqual([]);
  for (const file of files(place)) expect(readFileSync(file, 'utf8')).not.toMatch(/canary-(?!login)/);
};

const orders = issuedTicket('orders', 'postgres');
const staging = issuedTicket('staging', 'aws');

describe('a tool call', () => {
  test('has tickets for itself asked for, and PostgreSQL’s environment by them', async () => {
    plane.answer = () => issued([orders]);
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    expect(await variables({ TRACEPARENT: traceparent })).toMatchObject({
      PGHOST: '127.0.0.1',
      PGPORT: '7432',
      PGUSER: 'orders',
      PGPASSWORD: canary('orders'),
      PGDATABASE: 'shop',
      PGSSLMODE: 'verify-full',
      SALLYPORT_AI_SESSION: 's1',
      SALLYPORT_TURN: 'p1',
      SALLYPORT_TOOL_CALL: 'toolu_1',
    });
    expect(plane.asked).toEqual([
      {
        method: 'POST',
        path: '/v1/exec-tickets',
        token: 'canary-login',
        body: { client: 'claude-code', ai_session: 's1', command: 'env -0', traceparent },
      },
    ]);
    nothingLeft();
  });

  test('has a service for each of several connections, in a file for its owner only, and one that was chosen', async () => {
    plane.answer = () => issued([orders, issuedTicket('billing', 'postgres')]);
    const { out } = await run('stat -c %a "$PGSERVICEFILE" "$(dirname "$PGSERVICEFILE")"; cat "$PGSERVICEFILE"');
    expect(out).toMatch(/^600\n700\n\[orders\]\nhost=127\.0\.0\.1\nport=7432\nuser=orders\npassword=spt_canary-orders/);
    expect(out).toMatch(
      /\n\[billing\]\n.*password=spt_canary-billing.*sslmode=verify-full\nsslrootcert=.*ca-.*\.pem\n$/s,
    );
    expect(await variables()).not.toHaveProperty('PGPASSWORD');
    expect(await variables({ SALLYPORT_POSTGRES: 'billing' })).toMatchObject({
      PGUSER: 'billing',
      PGPASSWORD: canary('billing'),
    });
    nothingLeft();
  });

  test('loses what would lead a client elsewhere', async () => {
    plane.answer = () => issued([orders, staging]);
    const env = await variables({
      PGHOSTADDR: '192.0.2.1',
      PGSERVICE: 'own',
      AWS_ACCESS_KEY_ID: 'k',
      AWS_ENDPOINT_URL_S3: 'x',
      PGAPPNAME: 'a',
    });
    for (const name of ['PGHOSTADDR', 'PGSERVICE', 'AWS_ACCESS_KEY_ID', 'AWS_ENDPOINT_URL_S3'])
      expect(env).not.toHaveProperty(name);
    expect(env).toMatchObject({ PGAPPNAME: 'a', AWS_ENDPOINT_URL: 'https://127.0.0.1:7443', AWS_REGION: 'eu-west-1' });
  });

  test('has only the connections that were chosen asked for', async () => {
    plane.answer = () => issued([]);
    await run('true', { SALLYPORT_CONNECTIONS: 'orders, staging' });
    expect(plane.asked[0]!.body).toMatchObject({ connections: ['orders', 'staging'] });
  });

  test('of Codex says which call it is by itself', async () => {
    plane.answer = () => issued([]);
    await started(['true'], {
      CLAUDE_CODE_SESSION_ID: '',
      AI_AGENT: '',
      CODEX_SESSION_ID: 'c1',
      CODEX_TOOL_CALL_ID: 'call_9',
    }).ended;
    expect(plane.asked[0]!.body).toEqual({ client: 'codex', ai_session: 'c1', tool_call: 'call_9', command: 'true' });
  });

  test('gets nothing of the login, nor of what the AI client has for itself', async () => {
    plane.answer = () => issued([orders, issuedTicket('claude', 'anthropic')]);
    const env = await variables({
      SALLYPORT_TOKEN: 'canary-login',
      SALLYPORT_URL: plane.url,
      ANTHROPIC_AUTH_TOKEN: canary('model'),
      ANTHROPIC_CUSTOM_HEADERS: `x-one: Bearer ${canary('model')}`,
      ANTHROPIC_BASE_URL: 'https://gate',
    });
    expect(Object.values(env).join('\n')).not.toMatch(/canary-(login|model|claude)/);
    expect(env).toMatchObject({ ANTHROPIC_BASE_URL: 'https://gate', PGPASSWORD: canary('orders') });
  });

  test('shows no ticket in the arguments of any process, and clears up behind one that was killed', async () => {
    plane.answer = () => issued([orders, staging]);
    const { child, ready, ended } = started([claudeLine('echo ready; exec sleep 30')]);
    await ready;
    const commands = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => {
        try {
          return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        } catch {
          return ''; // it has ended meanwhile
        }
      });
    expect(commands.some((command) => command.includes('echo ready'))).toBe(true);
    expect(commands.join('\n')).not.toMatch(/canary-(orders|staging|secret)/);

    const shell = childOf(child.pid!);
    expect(readdirSync(path.join(place, 'scratch'))).toHaveLength(1);
    child.kill('SIGKILL');
    process.kill(shell, 'SIGKILL');
    await ended;
    expect(readdirSync(path.join(place, 'scratch'))).toHaveLength(1);
    await run('true');
    nothingLeft();
  });
});

const childOf = (pid: number): number =>
  Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]);

describe('for AWS', () => {
  const credentials = (profile: string): string =>
    `command="$(sed -n '/^\\[${profile}\\]/,/^\\[/s/^credential_process = //p' "$AWS_CONFIG_FILE")"; eval "$command"`;

  test('a client gets the call’s own ticket by the configuration, and no key is in environment or configuration', async () => {
    plane.answer = () => issued([staging, issuedTicket('audit', 'aws')]);
    const { out, err } = await run(`${credentials('profile audit')}; cat "$AWS_CONFIG_FILE"; env`);
    expect(err).toBe('');
    const [first = '', ...others] = out.split('\n');
    expect(JSON.parse(first)).toMatchObject({ AccessKeyId: 'SPKEY-audit', SessionToken: canary('audit') });
    expect(others.join('\n')).not.toMatch(/canary-(staging|audit|secret)|SPKEY/);
    expect(others).toEqual(
      expect.arrayContaining(['[default]', '[profile botocore]', '[profile staging]', '[profile audit]']),
    );
    expect(plane.asked.map((asked) => asked.path)).toEqual(['/v1/exec-tickets']);
    nothingLeft();
  });

  test('without a choice among several there is no default credential; with one it is that one', async () => {
    plane.answer = () => issued([staging, issuedTicket('audit', 'aws')]);
    expect((await run(`${credentials('default')}`)).out).toBe('');
    const { out } = await run(credentials('default'), { SALLYPORT_AWS: 'audit' });
    expect(JSON.parse(out)).toMatchObject({ AccessKeyId: 'SPKEY-audit' });
  });

  test('a call that outlives its ticket has another one asked for, for the same call; one that is over has not', async () => {
    let number = 0;
    plane.answer = () => {
      number += 1;
      const left = number === 1 ? 60_000 : 900_000;
      const over = { expires_at: new Date(Date.now() + left).toISOString(), ticket: canary(`number-${number}`) };
      return issued([issuedTicket('staging', 'aws', over)]);
    };
    const { out } = await run(
      `${credentials('default')}; ${credentials('default')}; sed -n 's/^credential_process = //p' "$AWS_CONFIG_FILE" | head -1`,
    );
    const [first = '', second = '', afterwards = ''] = out.split('\n');
    expect(JSON.parse(first)).toMatchObject({ SessionToken: canary('number-2') });
    expect(JSON.parse(second)).toMatchObject({ SessionToken: canary('number-2') });
    expect(plane.asked[1]!.body).toEqual({ ...plane.asked[0]!.body, connections: ['staging'] });
    const late = await run(afterwards, { SALLYPORT_CONNECTIONS: 'x' });
    expect(late).toMatchObject({
      status: 1,
      err: expect.stringContaining('the tool call that this was for has ended'),
    });
    nothingLeft();
  });
});

describe('without a ticket', () => {
  const line = /^sallyport: this command has no gateway credentials: .+\n$/;
  const outages: [string, () => NodeJS.ProcessEnv][] = [
    ['it refuses', () => ({})],
    ['it is silent', () => ({ SALLYPORT_EXEC_DEADLINE_MS: '300' })],
    ['it is not there', () => ({ SALLYPORT_URL: 'http://127.0.0.1:9', SALLYPORT_TOKEN: 't' })],
    ['nobody is logged in', () => ({ XDG_CONFIG_HOME: path.join(place, 'scratch', 'none') })],
    ['its address is none', () => ({ SALLYPORT_URL: 'http://192.0.2.1' })],
  ];
  beforeEach(() => {
    plane.answer = () => ({ status: 403, body: { code: 'FORBIDDEN', detail: 'your grant has ended' } });
  });

  test.each(outages)('the command runs all the same when %s, and one line says so', async (what, env) => {
    if (what === 'it is silent') plane.answer = () => 'silence';
    const { status, out, err } = await run('echo "psql $PGPASSWORD$PGSERVICEFILE$AWS_CONFIG_FILE."; exit 7', env());
    expect({ status, out }).toEqual({ status: 7, out: 'psql .\n' });
    expect(err).toMatch(line);
  });

  test('nothing is said of a command that has no use for one and does well', async () => {
    expect(await run('ls /')).toMatchObject({ status: 0, err: '' });
    expect((await run('exit 3')).err).toMatch(line);
  });

  test('the command waits no longer than it may', async () => {
    plane.answer = () => 'silence';
    const before = Date.now();
    await run('true', { SALLYPORT_EXEC_DEADLINE_MS: '500' });
    expect(Date.now() - before).toBeGreaterThan(450);
    expect(Date.now() - before).toBeLessThan(4_000);
  });

  test.each(['its issuer is silent', 'another process renews the login and does not get on'])(
    'the command and its end wait no longer either where %s',
    async (what) => {
      plane.answer = () => 'silence';
      const directory = path.join(place, 'home', '.config', 'sallyport');
      const login = { issuer: plane.url, client_id: 'c', access_token: 'old', refresh_token: 'r', expires_at: 0 };
      const stored = { current: plane.url, logins: { [plane.url]: login } };
      writeFileSync(path.join(directory, 'credentials.json'), JSON.stringify(stored));
      if (what !== 'its issuer is silent') writeFileSync(path.join(directory, 'credentials.json.lock'), '');
      const before = Date.now();
      expect(await run('true', { SALLYPORT_EXEC_DEADLINE_MS: '500' })).toMatchObject({ status: 0 });
      expect(Date.now() - before).toBeLessThan(4_000);
    },
  );

  test('what another call has set further up is gone, not used', async () => {
    plane.answer = ({ body }) => (body['ai_session'] === 's1' ? issued([orders, staging]) : { status: 403, body: {} });
    const inner = `CLAUDE_CODE_SESSION_ID=s2 '${process.execPath}' '${script}' ${`'${claudeLine('echo "<$PGPASSWORD$PGSERVICEFILE$AWS_CONFIG_FILE$SALLYPORT_TURN>"').replaceAll("'", `'\\''`)}'`}`;
    expect((await run(inner)).out).toBe('<>\n');
    expect(plane.asked.map(({ body }) => body['ai_session'])).toEqual(['s1', 's2']);
  });
});

describe('the command', () => {
  beforeEach(() => {
    plane.answer = () => issued([orders]);
  });

  test.each([0, 1, 77, 126, 255])('ends with status %d as it does by itself', async (status) => {
    expect(await run(`exit ${status}`)).toMatchObject({ status, signal: null });
  });

  test.each(['TERM', 'INT', 'HUP', 'KILL'])('that is ended by SIG%s is told so to whoever waits', async (name) => {
    const { signal } = await started([`eval 'kill -${name} $$'`]).ended;
    expect(signal).toBe(`SIG${name}`);
    nothingLeft();
  });

  test('that dumps core has the status that a shell gives it', async () => {
    expect(await started([`eval 'kill -ABRT $$'`]).ended).toMatchObject({ status: 134, signal: null });
  });

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2'] as const)(
    'hears %s, and ends as it wants to',
    async (signal) => {
      const { child, ready, ended } = started([
        claudeLine(`trap 'echo heard; exit 5' ${signal.slice(3)}; echo ready; while :; do sleep 0.05; done`),
      ]);
      await ready;
      child.kill(signal);
      expect(await ended).toMatchObject({ status: 5, out: 'ready\nheard\n' });
      nothingLeft();
    },
  );

  test('reads and writes the streams themselves, byte for byte', async () => {
    const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, index) => index % 256));
    const { out, err } = await started(['eval cat | md5sum; echo gone >&2'], {}, bytes).ended;
    expect({ out, err }).toEqual({ out: `${createHash('md5').update(bytes).digest('hex')}  -\n`, err: 'gone\n' });
  });

  test('is a line for bash as one argument, whatever is in it', async () => {
    const odd = `printf '%s|' "a  b" 'c"d' $'e\\tf' "$((1+1))" "\\$HOME" größer '*'; [[ x == x ]] && echo yes`;
    expect(await run(odd)).toMatchObject({ status: 0, out: 'a  b|c"d|e\tf|2|$HOME|größer|*|yes\n' });
  });

  test('is a program and its arguments as several', async () => {
    expect(await started(['printf', '%s|', 'a b', '$HOME', "it's"]).ended).toMatchObject({ out: "a b|$HOME|it's|" });
    expect(await started(['/nonexistent/x', 'y']).ended).toMatchObject({
      status: 127,
      err: expect.stringContaining('cannot be run'),
    });
    expect(await started(['/etc/passwd', 'y']).ended).toMatchObject({ status: 126 });
  });

  test('that is a further sallyport exec of the same call shares its tickets', async () => {
    const { out } = await run(`'${process.execPath}' '${script}' 'echo "$PGPASSWORD"'`);
    expect(out).toBe(`${canary('orders')}\n`);
    expect(plane.asked).toHaveLength(1);
  });

  test('of the client itself, as a hook, keeps its environment, asks for nothing and hears nothing', async () => {
    const own = { AI_AGENT: 'claude-code_2-1-329_harness', SALLYPORT_TOKEN: 'canary-login' };
    expect(await started(['echo "$SALLYPORT_TOKEN"; exit 2'], own).ended).toMatchObject({
      status: 2,
      out: 'canary-login\n',
      err: '',
    });
    expect(plane.asked).toEqual([]);
  });

  test('keeps its files where the system has a place for each person', async () => {
    const runtime = path.join(place, 'home', 'run');
    mkdirSync(runtime, { mode: 0o700 });
    const env = { XDG_RUNTIME_DIR: runtime };
    expect((await run('dirname "$(dirname "$PGSERVICEFILE")"', env)).out).toBe(`${runtime}\n`);
    expect(readdirSync(runtime)).toEqual([]);
  });

  test('leaves the files of calls alone that are still running', async () => {
    const long = started([claudeLine('echo ready; sleep 1; test -s "$PGSERVICEFILE" && echo there')]);
    await long.ready;
    await run('true');
    expect((await long.ended).out).toBe('ready\nthere\n');
    nothingLeft();
  });
});

/**
 * A whole installation of the built product for black-box tests: its own store, issuer and target, the control plane and
 * the agent as processes. Tests talk to it as users do, over HTTP and PostgreSQL, and never import what they test.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  type TestDatabase,
  type TestDatabaseOptions,
  type TestIssuer,
  testDatabase,
  testIssuer,
} from '@sallyport/testkit';
import { stringify } from 'yaml';

/** Found from the source and from the compiled bench alike. */
const rootAbove = (folder: string): string =>
  existsSync(path.join(folder, 'package-lock.json')) ? folder : rootAbove(path.dirname(folder));
export const repository = rootAbove(path.dirname(fileURLToPath(import.meta.url)));
const built = (app: string): string => path.join(repository, 'apps', app, 'dist', 'main.js');

/** Known to the agent and to nobody else: it must never be seen anywhere in the control plane or at a client. */
export const agentPassword = `canary-agent-${randomBytes(9).toString('hex')}`;

export interface InstallationOptions {
  /** Run on the target's database as its superuser. */
  readonly targetSql?: string;
  /** Settings of the target's server. */
  readonly targetSettings?: Readonly<Record<string, string>>;
  /** Another server than the one that the other tests use. */
  readonly startTarget?: (options: TestDatabaseOptions) => Promise<TestDatabase>;
  /** A pack's name, or Cedar text; `allow-all` permits everything, for tests that are not about policy. */
  readonly policy?: string;
  readonly recordResponses?: boolean;
  readonly agentMasking?: readonly object[];
  /** More targets for the agent's file. */
  readonly targets?: readonly object[];
  /** More environment of the control plane. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly maxSessions?: number;
  /** Settings of the store's server. */
  readonly storeSettings?: Readonly<Record<string, string>>;
  /** The store waits for its disk. */
  readonly durableStore?: boolean;
  /** Options of Node itself, for each process by its name. */
  readonly nodeOptions?: (name: string) => readonly string[];
}

/** A server as the target is: the agent's role `app`, and what the test wants there. */
export const startTarget = (options: InstallationOptions): Promise<TestDatabase> =>
  (options.startTarget ?? testDatabase)({
    database: 'shop',
    sql: `create role app login superuser password '${agentPassword}'; ${options.targetSql ?? ''}`,
    settings: options.targetSettings ?? {},
  });

export const allowAll = `
@id("connect") permit(principal, action == Sallyport::Action::"session.connect", resource);
@id("anything") permit(principal, action == Sallyport::Action::"sql.execute", resource);
@id("notices") permit(principal, action == Sallyport::Action::"sql.notification", resource);
`;

export interface Ticket {
  readonly id: string;
  readonly ticket: string;
  readonly expires_at: string;
  readonly endpoint: {
    readonly host: string;
    readonly port: number;
    readonly databases: readonly string[];
    readonly ca_certificate: string;
  };
}

/** One process of the installation, with everything that it has said. */
export class Process {
  readonly log: string[] = [];
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;

  constructor(
    readonly name: string,
    file: string,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
    nodeOptions: readonly string[] = [],
  ) {
    this.child = spawn(process.execPath, [...nodeOptions, file, ...args], {
      env: { PATH: process.env['PATH']!, HOME: process.env['HOME'] ?? '/', TMPDIR: tmpdir(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout!, this.child.stderr!])
      stream.on('data', (chunk: Buffer) => this.log.push(chunk.toString('utf8')));
    this.exited = once(this.child, 'exit').then(([code]) => code as number | null);
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (!this.running) return;
    this.child.kill(signal);
    const late = setTimeout(() => this.child.kill('SIGKILL'), 30_000);
    await this.exited;
    clearTimeout(late);
  }
}

/** Waits for something to be so, with a deadline that no test needs on a healthy machine. */
export async function until<T>(
  what: string,
  read: () => T | undefined | false | Promise<T | undefined | false>,
  deadlineMs = 60_000,
): Promise<T> {
  let failure: unknown;
  for (const end = Date.now() + deadlineMs; Date.now() < end; await sleep(50)) {
    try {
      const value = await read();
      if (value !== undefined && value !== false) return value;
    } catch (error) {
      failure = error;
    }
  }
  throw new Error(`it never came to this: ${what}`, { cause: failure });
}

export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
};

export interface ReplicaPorts {
  readonly api: number;
  readonly tunnel: number;
  readonly enrolment: number;
  readonly postgres: number;
  readonly aws: number;
  readonly anthropic: number;
  readonly openai: number;
}

export class Installation {
  readonly home = mkdtempSync(path.join(tmpdir(), 'sallyport-e2e-'));
  readonly processes: Process[] = [];
  store!: TestDatabase;
  target!: TestDatabase;
  issuer!: TestIssuer;
  controlPlane!: Process;
  agent!: Process;
  ports!: ReplicaPorts;
  readonly #options: InstallationOptions;
  readonly #tokens = new Map<string, { readonly token: string; readonly until: number }>();

  private constructor(options: InstallationOptions) {
    this.#options = options;
  }

  /** Up, with a connection `orders` to database `shop` as the agent's role `app`, and its catalogue known. */
  static async start(options: InstallationOptions = {}): Promise<Installation> {
    const made = new Installation(options);
    try {
      await made.#start();
      return made;
    } catch (error) {
      const logs = made.processes.map(({ name, log }) => `--- ${name}\n${log.join('').slice(-4_000)}`).join('\n');
      await made.stop();
      throw new Error(`the installation did not start\n${logs}`, { cause: error });
    }
  }

  get url(): string {
    return `http://127.0.0.1:${this.ports.api}`;
  }

  async #start(): Promise<void> {
    mkdirSync(path.join(this.home, 'agent'), { mode: 0o700 });
    [this.store, this.target, this.issuer] = await Promise.all([
      testDatabase({
        database: 'sallyport',
        settings: this.#options.storeSettings ?? {},
        durable: this.#options.durableStore ?? false,
      }),
      startTarget(this.#options),
      testIssuer(),
    ]);
    this.ports = await freshPorts();
    this.controlPlane = await this.startControlPlane(this.ports);
    await this.#setUp();
    await this.#enrolAgent();
    this.agent = await this.startAgent();
  }

  /** @param environment of this replica alone */
  async startControlPlane(
    ports: ReplicaPorts = this.ports,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<Process> {
    writeFileSync(path.join(this.home, 'master-key'), `${'c0ffee'.repeat(10)}beef`, { mode: 0o600 });
    const started = this.#spawn('control-plane', built('control-plane'), [], {
      DATABASE_URL: this.store.url,
      SALLYPORT_DATA_DIR: path.join(this.home, 'control-plane'),
      SALLYPORT_MASTER_KEY_FILE: path.join(this.home, 'master-key'),
      SALLYPORT_HTTP_ADDRESS: `127.0.0.1:${ports.api}`,
      SALLYPORT_TUNNEL_ADDRESS: `127.0.0.1:${ports.tunnel}`,
      SALLYPORT_ENROLMENT_ADDRESS: `127.0.0.1:${ports.enrolment}`,
      SALLYPORT_POSTGRES_ADDRESS: `127.0.0.1:${ports.postgres}`,
      SALLYPORT_AWS_ADDRESS: `127.0.0.1:${ports.aws}`,
      SALLYPORT_ANTHROPIC_ADDRESS: `127.0.0.1:${ports.anthropic}`,
      SALLYPORT_OPENAI_ADDRESS: `127.0.0.1:${ports.openai}`,
      SALLYPORT_PUBLIC_HOST: '127.0.0.1',
      SALLYPORT_OIDC_ISSUER: this.issuer.issuer,
      SALLYPORT_OIDC_AUDIENCE: this.issuer.audience,
      SALLYPORT_OIDC_CLIENT_ID: this.issuer.console.id,
      SALLYPORT_OIDC_CLIENT_SECRET: this.issuer.console.secret,
      SALLYPORT_OIDC_CLI_CLIENT_ID: this.issuer.cliClientId,
      SALLYPORT_ROLE_ADMIN: 'admins',
      SALLYPORT_ROLE_REVIEWER: 'reviewers',
      SALLYPORT_ROLE_AUDITOR: 'auditors',
      SALLYPORT_ROLE_USER: 'engineers',
      SALLYPORT_DRAIN_SECONDS: '4',
      ...this.#options.environment,
      ...environment,
    });
    await until('the control plane is ready', async () => {
      if (!started.running) throw new Error('the control plane has ended');
      return (await fetch(`http://127.0.0.1:${ports.api}/readyz`)).ok;
    });
    return started;
  }

  async startAgent(): Promise<Process> {
    const started = this.#spawn('agent', built('agent'), ['--config', path.join(this.home, 'agent', 'agent.yaml')], {});
    await until('the agent is linked and its catalogue known', async () => {
      if (!started.running) throw new Error('the agent has ended');
      const test = {
        connection: 'orders',
        database: 'shop',
        statement: 'select 1',
        identity: { groups: ['engineers'] },
      };
      const { items } = await this.api<{ items: { connected: boolean }[] }>('grace', 'GET', '/v1/agents');
      if (!items.some(({ connected }) => connected)) return false;
      return this.#options.policy === 'none' || (await this.#describes(test));
    });
    return started;
  }

  async #describes(test: object): Promise<boolean> {
    const answer = await this.ask('grace', 'POST', '/v1/policies/test', test);
    return JSON.stringify(answer.body).includes('"read"');
  }

  async #setUp(): Promise<void> {
    await this.accessToken('ada').then((token) =>
      fetch(`${this.url}/v1/whoami`, { headers: { authorization: `Bearer ${token}` } }),
    );
    await this.setPolicy(this.#options.policy ?? 'postgres-safe');
    await this.api('grace', 'POST', '/v1/connections', {
      name: 'orders',
      protocol: 'postgres',
      target: 'shop-db',
      databases: ['shop'],
      record_responses: this.#options.recordResponses ?? false,
      max_sessions: this.#options.maxSessions ?? 50,
    });
  }

  async setPolicy(policy: string): Promise<void> {
    if (policy === 'none') return;
    const { items } = await this.api<{ items: { name: string; text: string }[] }>('grace', 'GET', '/v1/policies/packs');
    const text = policy === 'allow-all' ? allowAll : (items.find(({ name }) => name === policy)?.text ?? policy);
    await this.api('grace', 'POST', '/v1/policies', { text, comment: 'for the tests' });
  }

  async #enrolAgent(): Promise<void> {
    const { key } = await this.api<{ key: string }>('grace', 'POST', '/v1/agents/enrolment-keys', { name: 'tests' });
    writeFileSync(path.join(this.home, 'agent', 'enrolment-key'), key, { mode: 0o600 });
    writeFileSync(path.join(this.home, 'agent', 'password'), agentPassword, { mode: 0o600 });
    this.writeAgentConfig();
  }

  /** @param change edits the configuration before it is written */
  writeAgentConfig(change: (config: Record<string, unknown>) => void = () => undefined): void {
    const config = {
      control_plane: {
        address: `127.0.0.1:${this.ports.tunnel}`,
        enrolment_address: `127.0.0.1:${this.ports.enrolment}`,
      },
      state_dir: path.join(this.home, 'agent', 'state'),
      enrolment_key_file: path.join(this.home, 'agent', 'enrolment-key'),
      health_address: '127.0.0.1:0',
      targets: [
        {
          alias: 'shop-db',
          protocol: 'postgres',
          host: '127.0.0.1',
          port: this.target.port,
          databases: ['shop'],
          tls: { mode: 'disable' },
          credential: { source: 'file', path: path.join(this.home, 'agent', 'password'), user: 'app' },
          masking: { rules: this.#options.agentMasking ?? [] },
        },
        ...(this.#options.targets ?? []),
      ],
    };
    change(config);
    writeFileSync(path.join(this.home, 'agent', 'agent.yaml'), stringify(config), { mode: 0o600 });
  }

  // -------------------------------------------------------------------------------------------------------- people

  async accessToken(person: string): Promise<string> {
    const known = this.#tokens.get(person);
    if (known !== undefined && known.until > Date.now()) return known.token;
    const token = await this.issuer.accessToken(person);
    this.#tokens.set(person, { token, until: Date.now() + 300_000 });
    return token;
  }

  /** The next token is of a new login. */
  logInAgain(person: string): void {
    this.#tokens.delete(person);
  }

  /** Whatever the status is. */
  async ask<T = unknown>(
    person: string,
    method: string,
    route: string,
    body?: unknown,
    url = this.url,
  ): Promise<{ status: number; body: T }> {
    const response = await fetch(url + route, {
      method,
      headers: {
        authorization: `Bearer ${await this.accessToken(person)}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
    const text = await response.text();
    return { status: response.status, body: (text.startsWith('{') ? JSON.parse(text) : text) as T };
  }

  async api<T = unknown>(person: string, method: string, route: string, body?: unknown, url?: string): Promise<T> {
    const answer = await this.ask<T>(person, method, route, body, url);
    if (answer.status >= 400)
      throw new Error(`${method} ${route} as ${person}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  ticket(person = 'ada', more: Readonly<Record<string, unknown>> = {}): Promise<Ticket> {
    return this.api<Ticket>(person, 'POST', '/v1/tickets', { connection: 'orders', ...more });
  }

  /** How node-postgres connects with a fresh ticket of this person, verifying the gateway's certificate. */
  async client(person = 'ada', port = this.ports.postgres) {
    const { ticket, endpoint } = await this.ticket(person);
    return {
      host: '127.0.0.1',
      port,
      user: 'orders',
      password: ticket,
      database: 'shop',
      ssl: { ca: endpoint.ca_certificate },
    };
  }

  /** How libpq connects: environment for psql, pgbench and psycopg. */
  async env(person = 'ada'): Promise<Record<string, string>> {
    const { ticket, endpoint } = await this.ticket(person);
    const ca = path.join(this.home, 'ca.pem');
    writeFileSync(ca, endpoint.ca_certificate);
    chmodSync(this.home, 0o755);
    return {
      PATH: process.env['PATH']!,
      PGHOST: '127.0.0.1',
      PGPORT: String(this.ports.postgres),
      PGUSER: 'orders',
      PGPASSWORD: ticket,
      PGDATABASE: 'shop',
      PGSSLMODE: 'verify-full',
      PGSSLROOTCERT: ca,
    };
  }

  // -------------------------------------------------------------------------------------------------------- records

  async sessions(): Promise<{ id: string; ended_at: string | null; [field: string]: unknown }[]> {
    return (await this.api<{ items: { id: string; ended_at: string | null }[] }>('grace', 'GET', '/v1/sessions')).items;
  }

  async operations(
    session: string,
  ): Promise<{ action: string; text: string; outcome: { status: string } | null; [field: string]: unknown }[]> {
    return (
      await this.api<{ items: { action: string; text: string; outcome: { status: string } | null }[] }>(
        'grace',
        'GET',
        `/v1/sessions/${session}/operations?limit=200`,
      )
    ).items;
  }

  /** Everything that the control plane could have learnt: its store dumped row by row, and what every process has logged. */
  async everythingSeen(): Promise<string> {
    const tables = await this.store.query<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = 'public'`,
    );
    const rows = [];
    for (const { name } of tables)
      rows.push(
        ...(await this.store.query<{ row: string }>(`select t::text as row from ${name} t`)).map(({ row }) => row),
      );
    return [...rows, ...this.processes.flatMap(({ log }) => log)].join('\n');
  }

  readState(file: string): string {
    return readFileSync(path.join(this.home, file), 'utf8');
  }

  #spawn(name: string, file: string, args: readonly string[], env: Readonly<Record<string, string>>): Process {
    const process = new Process(name, file, args, env, this.#options.nodeOptions?.(name));
    this.processes.push(process);
    return process;
  }

  async stop(): Promise<void> {
    await Promise.all(this.processes.filter(({ name }) => name === 'agent').map((agent) => agent.stop()));
    await Promise.all(this.processes.map((each) => each.stop()));
    await Promise.all([this.issuer?.stop(), this.store?.stop(), this.target?.stop()]);
    rmSync(this.home, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

export const freshPorts = async (): Promise<ReplicaPorts> => ({
  api: await freePort(),
  tunnel: await freePort(),
  enrolment: await freePort(),
  postgres: await freePort(),
  aws: await freePort(),
  anthropic: await freePort(),
  openai: await freePort(),
});

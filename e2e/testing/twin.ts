import type { TestDatabase } from '@sallyport/testkit';
import { agentPassword, Installation, type InstallationOptions, startTarget } from './installation.js';
import { type Conversation, Tap } from './tap.js';

export interface Way {
  readonly tap: Tap;
  /** How libpq connects, through the tap. */
  readonly env: Readonly<Record<string, string>>;
  readonly database: TestDatabase;
}

const common = { PATH: process.env['PATH']!, PGHOST: '127.0.0.1', PGDATABASE: 'shop', PGSSLMODE: 'disable' };

/**
 * A server with nothing before it, and one like it behind the gateway. Both were made in the same steps, so that even the
 * numbers that they give to relations and transactions agree for as long as both are told the same.
 */
export class Twins implements AsyncDisposable {
  private constructor(
    readonly sallyport: Installation,
    readonly alone: TestDatabase,
    readonly taps: { readonly direct: Tap; readonly gateway: Tap },
  ) {}

  static async start(options: InstallationOptions = {}): Promise<Twins> {
    const [sallyport, alone] = await Promise.all([
      Installation.start({ policy: 'allow-all', maxSessions: 100, ...options }),
      startTarget(options),
    ]);
    return new Twins(sallyport, alone, {
      direct: await Tap.before({ port: alone.port, tls: false }),
      gateway: await Tap.before({ port: sallyport.ports.postgres, tls: true }),
    });
  }

  /** Each with a fresh ticket: first direct, then through the gateway. */
  async ways(): Promise<readonly [Way, Way]> {
    const { ticket } = await this.sallyport.ticket();
    const env = ({ port }: Tap, user: string, password: string) => ({
      ...common,
      PGPORT: String(port),
      PGUSER: user,
      PGPASSWORD: password,
    });
    const { direct, gateway } = this.taps;
    return [
      { tap: direct, env: env(direct, 'app', agentPassword), database: this.alone },
      { tap: gateway, env: env(gateway, 'orders', ticket), database: this.sallyport.target },
    ];
  }

  /** How libpq connects to each server as the agent's role, with nothing in between. */
  past(): readonly [Way['env'], Way['env']] {
    const env = ({ port }: TestDatabase) => ({
      ...common,
      PGPORT: String(port),
      PGUSER: 'app',
      PGPASSWORD: agentPassword,
    });
    return [env(this.alone), env(this.sallyport.target)];
  }

  /** Runs SQL on both servers as their superuser, with nothing in between. */
  async both(sql: string): Promise<void> {
    await Promise.all([this.alone, this.sallyport.target].map((database) => database.query(sql)));
  }

  /** Both go on numbering alike after one of them was told something that the other was not. */
  async align(): Promise<void> {
    const servers = [this.alone, this.sallyport.target];
    const next = async (server: TestDatabase) =>
      (await server.query<{ id: number }>('select lo_create(0) as id'))[0]!.id;
    const reached = await Promise.all(servers.map(next));
    const furthest = Math.max(...reached);
    const spend = (count: number) => `select count(lo_create(0)) from generate_series(1, ${count})`;
    await Promise.all(servers.map((server, index) => server.query(spend(furthest - reached[index]!))));
    await this.both('select count(lo_unlink(oid)) from pg_largeobject_metadata');
  }

  async heard(): Promise<{ readonly direct: Conversation[]; readonly gateway: Conversation[] }> {
    const [direct, gateway] = await Promise.all(
      [this.taps.direct, this.taps.gateway].map((tap) => tap.conversations()),
    );
    return { direct: direct!, gateway: gateway! };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.taps.direct.close();
    this.taps.gateway.close();
    await Promise.all([this.sallyport.stop(), this.alone.stop()]);
  }
}

import { readFileSync } from 'node:fs';
import type pg from 'pg';

export type LibpqEnvironment = Readonly<Record<string, string>>;

/** A process whose CPU time counts as the peer's. */
export interface PeerProcess {
  readonly name: string;
  readonly pid: number;
}

/** One way from a client to the target. */
export interface Peer {
  readonly name: string;
  /** For people: what stands between the client and the target. */
  readonly title: string;
  readonly processes: readonly PeerProcess[];
  /** How libpq connects; asked anew for each run. */
  env(): Promise<LibpqEnvironment>;
  /** Only here and there: it is not worth its time everywhere. */
  readonly rare?: boolean;
  /** Runs work while something is set up for this peer alone, and takes it back. */
  within?<T>(work: () => Promise<T>): Promise<T>;
}

export const within = <T>(peer: Peer, work: () => Promise<T>): Promise<T> => peer.within?.(work) ?? work();

/** The same way for node-postgres. */
export const clientConfig = (env: LibpqEnvironment): pg.ClientConfig => ({
  host: env['PGHOST']!,
  port: Number(env['PGPORT']),
  user: env['PGUSER']!,
  password: env['PGPASSWORD']!,
  database: env['PGDATABASE']!,
  connectionTimeoutMillis: 20_000,
  ...(env['PGSSLMODE'] === 'disable' ? {} : { ssl: { ca: readFileSync(env['PGSSLROOTCERT']!, 'utf8') } }),
});

import type { ClientConfig, PoolConfig } from 'pg';

export type ServiceRole = 'sallyport_app' | 'sallyport_recorder' | 'sallyport_keys';

// A wait without a deadline hangs a session: each layer has one, and the client's own is the last.
const deadlines = { statement_timeout: 30_000, lock_timeout: 10_000, idle_in_transaction_session_timeout: 60_000 };
// Whatever the server's default: what is reported as committed is on disk.
const durability = { synchronous_commit: 'on' };
const queryTimeoutMs = 35_000;
const connectionTimeoutMs = 10_000;

const startupOptions = (settings: Readonly<Record<string, string | number>>): string =>
  Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(' ');

/** Steps down to `role` in the start-up packet, so that no statement ever runs as the login role. */
export const clientOptions = (url: string, role?: ServiceRole): ClientConfig => ({
  connectionString: url,
  application_name: 'sallyport-control-plane',
  options: startupOptions({ ...(role === undefined ? {} : { role }), ...deadlines, ...durability }),
  connectionTimeoutMillis: connectionTimeoutMs,
  query_timeout: queryTimeoutMs,
  keepAlive: true,
});

export const poolOptions = (url: string, role: ServiceRole, max: number): PoolConfig => ({
  ...clientOptions(url, role),
  max,
  idleTimeoutMillis: 60_000,
});

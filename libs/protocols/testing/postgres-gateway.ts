/** Both halves of the PostgreSQL protocol and the real engine in one process, before a real server: no tunnel, no database. */
import type { Digest, MaskingRule, SessionId } from '@sallyport/core';
import type { CatalogueSnapshot } from '@sallyport/engine';
import type { TestDatabase } from '@sallyport/testkit';
import { createPostgresClientSide } from '../postgres/client-side.js';
import { createPostgresTargetSide } from '../postgres/target-side.js';
import { type HouseOptions, inProcess } from './in-process.js';

export const ticket = 'spt_test-ticket';

export interface GatewayOptions extends HouseOptions {
  /** False for a target that answers no catalogue queries. */
  readonly survey?: boolean;
  readonly target: Pick<TestDatabase, 'host' | 'port' | 'user' | 'password' | 'database'>;
  readonly databases?: readonly string[];
  readonly minimum?: readonly MaskingRule[];
}

export async function postgresGateway(options: GatewayOptions) {
  const { target, databases = [target.database] } = options;
  const [clientSide, targetSide] = await Promise.all([createPostgresClientSide(), createPostgresTargetSide()]);
  const snapshots = new Map<string, CatalogueSnapshot>();
  const cancels = new Map<string, () => void>();
  const told = new Set<(text: string) => void>();
  const gateway = await inProcess(
    {
      clientSide,
      targetSide,
      target: {
        alias: 'test',
        host: target.host,
        port: target.port,
        settings: { databases, tls: { mode: 'disable' } },
        masking: options.minimum ?? [],
        credential: async () => ({ user: target.user, password: target.password }),
      },
      connection: { name: 'orders', version: 1, target: 'test', databases, settings: {} },
      admits: (claim) => claim.ticket === ticket && claim.connection === 'orders',
      host: {
        catalogue: (database) => snapshots.get(database),
        publish: (database, snapshot) => void snapshots.set(database, snapshot),
      },
      session: {
        tell: (say) => void told.add(say),
        foresee: () => 'allow',
        catalogue: (database) => snapshots.get(database),
        knowsCatalogue: (digest) => [...snapshots.values()].some((snapshot) => snapshot.digest === (digest as Digest)),
      },
      lobby: () => ({
        cancellations: {
          register: (key, cancel) => {
            cancels.set(key, cancel);
            return () => void cancels.delete(key);
          },
          request: (key) => cancels.get(key)?.(),
        },
      }),
    },
    options,
  );
  if (options.survey !== false)
    await targetSide.survey!(gateway.host('survey' as SessionId), new AbortController().signal);
  const { port } = gateway;
  return {
    ...gateway,
    /** Tells every session something. */
    tell: (text: string): void => {
      for (const say of told) say(text);
    },
    /** For node-postgres and its like. */
    client: {
      host: '127.0.0.1',
      port,
      user: 'orders',
      password: ticket,
      database: target.database,
      ssl: { rejectUnauthorized: false },
    },
    /** For libpq. */
    env: {
      PGHOST: '127.0.0.1',
      PGPORT: String(port),
      PGUSER: 'orders',
      PGPASSWORD: ticket,
      PGDATABASE: target.database,
      PGSSLMODE: 'require',
    },
  };
}

import type { Protocol } from '@sallyport/engine';

/** PostgreSQL, frontend/backend protocol 3. Each half is loaded only where it is hosted. */
export const postgres: Protocol = {
  name: 'postgres',
  clientSide: async () => (await import('./client-side.js')).createPostgresClientSide(),
  targetSide: async () => (await import('./target-side.js')).createPostgresTargetSide(),
};

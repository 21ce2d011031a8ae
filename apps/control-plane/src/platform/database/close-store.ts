import type { INestApplication } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { KeysPool, RecorderPool } from './tokens.js';

/** Closes what Nest's own hooks leave open when an application never came up. Does nothing the second time. */
export async function closeStore(app: INestApplication): Promise<void> {
  for (const pool of [app.get(RecorderPool), app.get(KeysPool)]) if (!pool.ending) await pool.end();
  const source = app.get(DataSource);
  if (source.isInitialized) await source.destroy();
}

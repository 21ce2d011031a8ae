/** Reads a database's catalogue: names, types and dependencies, no rows, no code. */
import { GatewayError } from '@sallyport/core';
import type { CatalogueSnapshot, Target } from '@sallyport/engine';
import { buildCatalogue, catalogueDigest, catalogueQueries, encodeCatalogue } from '@sallyport/sql';
import { login } from './login.js';
import { query, type TextRow } from './query.js';
import { parseTargetSettings } from './settings.js';

const timeoutMs = 15_000;

/** Logs in by the target's own credential. @throws GatewayError */
export async function surveyDatabase(target: Target, database: string): Promise<CatalogueSnapshot> {
  const { tls } = parseTargetSettings(target.settings);
  const connection = await login({
    host: target.host,
    port: target.port,
    tls,
    credential: await target.credential(),
    database,
    settings: [
      ['application_name', 'sallyport-survey'],
      ['statement_timeout', String(timeoutMs)],
      ['default_transaction_read_only', 'on'],
    ],
    timeoutMs,
  });
  const late = setTimeout(() => connection.socket.destroy(new Error('late')), timeoutMs * 2);
  try {
    const results: Record<string, TextRow[]> = {};
    for (const { name, sql } of catalogueQueries) results[name] = await query(connection, sql);
    const bytes = encodeCatalogue(buildCatalogue(results));
    return { digest: catalogueDigest(bytes), bytes };
  } catch (cause) {
    throw cause instanceof GatewayError
      ? cause
      : new GatewayError('MASKING_UNAVAILABLE', 'the target’s catalogue cannot be read', { cause });
  } finally {
    clearTimeout(late);
    connection.socket.end();
  }
}

import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import pg, { type PoolClient } from 'pg';
import { Log, RecorderPool } from '../../platform/index.js';
import {
  type EntryRow,
  entryParameters,
  insertEntriesSql,
  insertFewSql,
  scalarParameters,
} from '../evidence/entry-rows.js';
import { type ChunkRow, chunkParameters, insertChunksSql } from './chunk-rows.js';
import { GroupCommit, groupCommitLimits, NotWritten, type Urgency } from './group-commit.js';
import { RecordingMetrics } from './recording-metrics.js';

type Item = { readonly entry: EntryRow } | { readonly chunk: ChunkRow };

/** What one replica writes to the record: every session's entries and chunks, in few commits on one connection. */
@Injectable()
export class Journal implements BeforeApplicationShutdown {
  private readonly commits: GroupCommit<Item>;
  private connection: Promise<PoolClient> | undefined;

  constructor(
    private readonly pool: RecorderPool,
    private readonly log: Log,
    metrics: RecordingMetrics,
  ) {
    this.commits = new GroupCommit<Item>(
      (items, cancelled) => this.write(items, cancelled),
      groupCommitLimits,
      metrics,
    );
  }

  /** @returns resolves once durable; rejects with RECORDING_UNAVAILABLE within five seconds */
  entry(row: EntryRow, urgency: Urgency = 'awaited'): Promise<void> {
    return this.commits.submit({ entry: row }, row.body.length + 512, urgency);
  }

  chunk(row: ChunkRow): Promise<void> {
    return this.commits.submit({ chunk: row }, row.payload.length + 128);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.commits.settled();
    const { connection } = this;
    this.connection = undefined; // or an error that comes while it closes would release it once more
    (await connection?.catch(() => undefined))?.release(true); // one that never came up was reported
  }

  private async write(items: readonly Item[], cancelled: AbortSignal): Promise<void> {
    const entries = items.flatMap((item) => ('entry' in item ? [item.entry] : []));
    const chunks = items.flatMap((item) => ('chunk' in item ? [item.chunk] : []));
    this.connection ??= this.connect();
    const { connection } = this;
    cancelled.addEventListener('abort', () => this.letGo(connection, asError(cancelled.reason)), { once: true });
    const client = await connection.catch((error: unknown) => {
      this.letGo(connection, asError(error));
      throw new NotWritten(error);
    });
    if (cancelled.aborted) throw new NotWritten(cancelled.reason);
    try {
      await client.query(statementFor(entries, chunks));
    } catch (error) {
      if (!wasRefused(error)) this.letGo(connection, asError(error));
      throw wasRefused(error) ? new NotWritten(error) : error;
    }
  }

  // A connection of its own, whose commits wait for the disk whatever the server's default is.
  private connect(): Promise<PoolClient> {
    const connection: Promise<PoolClient> = this.pool.connect().then(async (client) => {
      client.on('error', (error) => this.letGo(connection, error));
      try {
        await client.query(`set synchronous_commit = on; set statement_timeout = ${groupCommitLimits.deadlineMs}`);
        return client;
      } catch (error) {
        client.release(true);
        throw error;
      }
    });
    return connection;
  }

  /** Closes a connection that can no longer be trusted; the next batch makes a new one. */
  private letGo(connection: Promise<PoolClient>, error: Error): void {
    if (this.connection !== connection) return;
    this.connection = undefined;
    this.log.warn('recorder.disconnected', { error });
    connection.then(
      (client) => client.release(error),
      () => undefined, // whoever waited for it was told
    );
  }
}

// An error that the server reported for the statement: rolled back. A connection that breaks (57P, 08, no code) tells nothing.
const wasRefused = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && /^(?!57P|08)[0-9A-Z]{5}$/.test(error.code ?? '');

const asError = (value: unknown): Error => (value instanceof Error ? value : new Error(String(value)));

const numberedFrom = (sql: string, first: number): string =>
  sql.replace(/\$(\d+)/g, (_, index: string) => `$${Number(index) + first - 1}`);
const insertBothSql = numberedFrom(insertEntriesSql, 6).replace('with ', () => `with chunks as (${insertChunksSql}), `);

/** Of so many rows each number has a statement of its own: cheaper than arrays to write, to send and to run. */
const few = 64;

// One statement is one transaction: nothing to begin, nothing to leave open.
function statementFor(
  entries: readonly EntryRow[],
  chunks: readonly ChunkRow[],
): { name: string; text: string; values: unknown[] } {
  if (chunks.length === 0 && entries.length <= few)
    return {
      name: `insert-${entries.length}`,
      text: insertFewSql(entries.length),
      values: entries.flatMap(scalarParameters),
    };
  if (chunks.length === 0)
    return { name: 'insert-entries', text: insertEntriesSql, values: [...entryParameters(entries)] };
  return {
    name: 'insert-both',
    text: insertBothSql,
    values: [...chunkParameters(chunks), ...entryParameters(entries)],
  };
}

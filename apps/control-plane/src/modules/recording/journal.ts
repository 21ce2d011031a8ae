import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import pg, { type PoolClient } from 'pg';
import { Log, RecorderPool } from '../../platform/index.js';
import {
  type EntryRow,
  entryParameters,
  insertFewSql,
  insertManySql,
  scalarParameters,
} from '../evidence/entry-rows.js';
import { type ChunkRow, chunkParameters, insertChunksSql } from './chunk-rows.js';
import { GroupCommit, groupCommitLimits, NotWritten, type Urgency } from './group-commit.js';
import { RecordingMetrics } from './recording-metrics.js';
import { takeUseSql, takeUsesSql, type UseRow, useParameter, useParameters } from './use-rows.js';

interface Use {
  readonly use: UseRow;
  taken: boolean;
}

type Item = { readonly entry: EntryRow } | { readonly chunk: ChunkRow } | Use;

/**
 * What one replica writes before something may run: every session's entries and chunks, and what may be used once, in few
 * commits on one connection.
 */
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

  /**
   * @returns whether it was taken; resolves once durable; rejects with RECORDING_UNAVAILABLE within five seconds.
   * INVARIANT: of one key one is asked for at a time
   */
  async use(row: UseRow): Promise<boolean> {
    const item: Use = { use: row, taken: false };
    await this.commits.submit(item, 256);
    return item.taken;
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
    const uses = items.flatMap((item) => ('use' in item ? [item] : []));
    this.connection ??= this.connect();
    const { connection } = this;
    cancelled.addEventListener('abort', () => this.letGo(connection, asError(cancelled.reason)), { once: true });
    const client = await connection.catch((error: unknown) => {
      this.letGo(connection, asError(error));
      throw new NotWritten(error);
    });
    if (cancelled.aborted) throw new NotWritten(cancelled.reason);
    try {
      const { rows } = await client.query<{ key: Buffer }>(
        statementFor({ entries, chunks, uses: uses.map(({ use }) => use) }),
      );
      if (uses.length > 0) noteTaken(uses, rows);
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

function noteTaken(uses: readonly Use[], rows: readonly { readonly key: Buffer }[]): void {
  const taken = new Set(rows.map(({ key }) => key.toString('latin1')));
  for (const item of uses) item.taken = taken.has(item.use.key.toString('latin1'));
}

// An error that the server reported for the statement: rolled back. A connection that breaks (57P, 08, no code) tells nothing.
const wasRefused = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && /^(?!57P|08)[0-9A-Z]{5}$/.test(error.code ?? '');

const asError = (value: unknown): Error => (value instanceof Error ? value : new Error(String(value)));

interface Batch {
  readonly entries: readonly EntryRow[];
  readonly chunks: readonly ChunkRow[];
  readonly uses: readonly UseRow[];
}

interface Part {
  readonly name: string;
  readonly sql: string;
  readonly values: readonly unknown[];
  /** Its rows are what the statement answers with. */
  readonly answers?: true;
}

/** Of so many rows each number has a statement of its own: cheaper than arrays to write, to send and to run. */
const few = 64;

function partsOf({ entries, chunks, uses }: Batch): Part[] {
  const parts: Part[] = [];
  if (uses.length === 1) parts.push({ name: 'use', sql: takeUseSql, values: useParameter(uses[0]!), answers: true });
  else if (uses.length > 0) parts.push({ name: 'uses', sql: takeUsesSql, values: useParameters(uses), answers: true });
  if (chunks.length > 0) parts.push({ name: 'chunks', sql: insertChunksSql, values: chunkParameters(chunks) });
  if (entries.length > few) parts.push({ name: 'entries', sql: insertManySql, values: entryParameters(entries) });
  else if (entries.length > 0) parts.push(fewEntries(entries));
  return parts;
}

const fewEntries = (entries: readonly EntryRow[]): Part => ({
  name: `entries-${entries.length}`,
  sql: insertFewSql(entries.length),
  values: entries.flatMap(scalarParameters),
});

const texts = new Map<string, string>();

// One statement is one transaction: nothing to begin, nothing to leave open. Its rows are the uses that were taken.
function statementFor(batch: Batch): { name: string; text: string; values: unknown[] } {
  const parts = partsOf(batch);
  const name = `insert-${parts.map((part) => part.name).join('-')}`;
  const text = texts.get(name) ?? textOf(parts);
  texts.set(name, text);
  return { name, text, values: parts.flatMap(({ values }) => values) };
}

function textOf(parts: readonly Part[]): string {
  if (parts.length === 1) return parts[0]!.sql;
  let first = 1;
  const written = parts.map(({ sql, values }, index) => {
    const text = `part_${index} as (${numberedFrom(sql, first)})`;
    first += values.length;
    return text;
  });
  const answer = parts[0]!.answers ? 'table part_0' : 'select where false';
  return `with ${written.join(', ')} ${answer}`;
}

const numberedFrom = (sql: string, first: number): string =>
  sql.replace(/\$(\d+)/g, (_, index: string) => `$${Number(index) + first - 1}`);

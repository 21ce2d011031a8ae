import type { Sql } from '../../platform/index.js';

// Every inserting transaction holds this lock from before it takes an id until it commits or rolls back.
const writersSql = `
  select virtualtransaction as writer from pg_locks
  where locktype = 'relation' and relation = 'evidence_entries'::regclass and mode = 'RowExclusiveLock'
    and database = (select oid from pg_database where datname = current_database()) and pid is distinct from pg_backend_pid()`;

interface Candidate {
  readonly entryId: bigint;
  readonly writers: ReadonlySet<string>;
}

/**
 * Up to which id nothing can appear any more, so that the search for entries without a place stays short. Ids are
 * given before they are committed: one may be seen later than its successors, or never.
 *
 * INVARIANT: the last id given out is read first, then who is writing. Whoever took an id up to that one is among the
 * writers, or has finished; once all of them have finished, the next look sees every entry up to it that will ever be.
 */
export class Watermark {
  private candidate: Candidate | undefined;

  constructor(private settled: bigint) {}

  static async load(connection: Sql): Promise<Watermark> {
    const [row] = await connection.query<{ entry_id: string }[]>('select entry_id from evidence_watermark');
    return new Watermark(BigInt(row?.entry_id ?? 0));
  }

  get entryId(): string {
    return String(this.settled);
  }

  /** Call before looking for entries. @returns the id up to which that look will be complete, if it can be told */
  async completeUpTo(connection: Sql): Promise<bigint | undefined> {
    if (this.candidate === undefined) {
      const [last] = await connection.query<{ id: string }[]>(
        'select case when is_called then last_value else 0 end as id from evidence_entries_id_seq',
      );
      this.candidate = { entryId: BigInt(last?.id ?? 0), writers: await this.writers(connection) };
    } else if (this.candidate.writers.size > 0) {
      const now = await this.writers(connection);
      this.candidate = {
        ...this.candidate,
        writers: new Set([...this.candidate.writers].filter((writer) => now.has(writer))),
      };
    }
    const { entryId, writers } = this.candidate;
    return writers.size === 0 ? entryId : undefined;
  }

  /** Call in the transaction that gave a place to everything the look found. */
  async advance(connection: Sql, entryId: bigint): Promise<void> {
    this.candidate = undefined;
    if (entryId <= this.settled) return;
    await connection.query('update evidence_watermark set entry_id = $1', [String(entryId)]);
    this.settled = entryId;
  }

  private async writers(connection: Sql): Promise<ReadonlySet<string>> {
    const rows = await connection.query<{ writer: string }[]>(writersSql);
    return new Set(rows.map(({ writer }) => writer));
  }
}

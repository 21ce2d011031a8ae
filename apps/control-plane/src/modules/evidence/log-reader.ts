import { Injectable } from '@nestjs/common';
import { bodyOf, type EventBodies, type EventName, openDocument, type SealedEntry } from '@sallyport/evidence';
import { DataSource } from 'typeorm';
import { Log, rowsOf } from '../../platform/index.js';
import { sealedOf } from './entry-rows.js';
import { SessionKeys } from './session-keys.js';

const pageSize = 500;

/** One entry with its place, opened where its key still exists. */
export interface OpenedEntry {
  readonly seq: number;
  readonly keyId: string;
  readonly entry: SealedEntry;
  readonly event: string;
  readonly at: string;
  /** The text that the leaf commits to; absent once the key is destroyed, and when the stored body was changed. */
  readonly document?: string;
  /** The body does not open with its key, or is not the one that the leaf names. */
  readonly tampered?: true;
}

/** Which entries of one log: all conditions that are given must hold. */
export interface EntrySelection {
  readonly log: number;
  /** Below this place. */
  readonly size: number;
  /** A condition on `e` (the entry) and `s` (its place), with parameters from $4 on. */
  readonly where?: string;
  readonly parameters?: readonly unknown[];
}

export interface EntryPage {
  /** The id of the last entry of the page before. */
  readonly after?: number;
  readonly limit: number;
  readonly parameters: readonly unknown[];
}

export interface PagedEntry extends OpenedEntry {
  readonly id: number;
}

interface Row {
  readonly seq: string;
  readonly envelope: string;
  readonly nonce: Buffer;
  readonly body_digest: Buffer;
  readonly body: Buffer;
  readonly key_id: string;
}

/** Reads the log in order, a page at a time. */
@Injectable()
export class LogReader {
  constructor(
    private readonly database: DataSource,
    private readonly keys: SessionKeys,
    private readonly log: Log,
  ) {}

  async *entries({ log, size, where = 'true', parameters = [] }: EntrySelection): AsyncGenerator<OpenedEntry> {
    for (let after = -1; ; ) {
      const rows = await rowsOf<Row>(
        this.database,
        `select s.seq, e.envelope, e.nonce, e.body_digest, e.body, e.key_id from evidence_sequence s join evidence_entries e on e.id = s.entry_id
         where s.log = $1 and s.seq > $2 and s.seq < $3 and (${where}) order by s.seq limit ${pageSize}`,
        [log, after, size, ...parameters],
      );
      for (const row of rows) yield await this.open(row);
      if (rows.length < pageSize) return;
      after = Number(rows.at(-1)!.seq);
    }
  }

  /** Entries that meet a condition on `e` with parameters from $3 on, in order of their making, after the entry `after`. */
  async page(where: string, { after = 0, limit, parameters }: EntryPage): Promise<PagedEntry[]> {
    const rows = await rowsOf<Row & { id: string }>(
      this.database,
      `select e.id, s.seq, e.envelope, e.nonce, e.body_digest, e.body, e.key_id from evidence_entries e join evidence_sequence s on s.entry_id = e.id
       where e.id > $1 and (${where}) order by e.id limit $2`,
      [after, limit, ...parameters],
    );
    return Promise.all(rows.map(async (row) => ({ ...(await this.open(row)), id: Number(row.id) })));
  }

  private async open(row: Row): Promise<OpenedEntry> {
    const entry = sealedOf(row);
    const { event, at } = entry.envelope;
    const key = await this.keys.find(row.key_id);
    const opened = { seq: Number(row.seq), keyId: row.key_id, entry, event, at };
    if (key === undefined) return opened;
    try {
      return { ...opened, document: openDocument(entry, key) };
    } catch (error) {
      this.log.error('evidence.tampered', { seq: opened.seq, entry: event, error });
      return { ...opened, tampered: true };
    }
  }
}

/** What an entry of this event says; undefined for another event, or once it is erased. */
export const bodyFor = <E extends EventName>(
  { event, document }: OpenedEntry,
  expected: E,
): EventBodies[E] | undefined =>
  event === expected && document !== undefined ? (bodyOf(document) as EventBodies[E]) : undefined;

import {
  type Envelope,
  encodeEntry,
  leafHash,
  leafText,
  type MerkleTree,
  type SealedEntry,
  type TreeNode,
} from '@sallyport/evidence';
import type { EntityManager } from 'typeorm';
import type { Sql } from '../../platform/index.js';
import { sealedOf } from './entry-rows.js';
import type { FreshEntries, FreshEntry } from './fresh-entries.js';
import { type Leaf, loadTree, storeLeaves } from './tree-store.js';
import { Watermark } from './watermark.js';

const batchSize = 1000;
/** After so many the sessions of this process get a turn. */
const entriesAtOnce = 50;
/** Held while entries get their places; whoever takes it whole stops that. Any number that nobody else takes. */
export const sequencingLock = 7_402_911_005_213;

const unsequencedSql = `
  select id, envelope, nonce, body_digest, key_id from evidence_entries entry
  where id > $1 and not exists (select from evidence_sequence place where place.entry_id = entry.id and place.entry_id > $1)
  order by id limit ${batchSize}`;

interface Row {
  readonly id: string;
  readonly envelope: string;
  readonly nonce: Buffer;
  readonly body_digest: Buffer;
  readonly key_id: string;
}

/** An entry that has its place; its body as this replica sealed it a moment ago, or as it is stored. */
export type SequencedEntry = {
  readonly seq: number;
  readonly keyId: string;
  readonly envelope: Envelope;
} & ({ readonly body: unknown } | { readonly stored: SealedEntry });

/** An entry without a place, as found. */
type Found = { readonly row: Row; readonly envelope: Envelope } & (
  | { readonly fresh: FreshEntry }
  | { readonly stored: SealedEntry }
);

/** Called in the sequencing transaction with what has just got its place, in order. */
export type Projector = (tx: EntityManager, entries: readonly SequencedEntry[]) => Promise<void>;

interface Growth {
  readonly log: number;
  readonly tree: MerkleTree;
  readonly leaves: Leaf[];
  readonly nodes: TreeNode[];
}

/** Gives committed entries their places, without gaps. Used by one leader at a time, on the connection that holds its lock. */
export class Sequencer {
  private readonly trees = new Map<number, MerkleTree>();
  private readonly logs = new Map<string, number>();
  private watermark: Watermark | undefined;

  constructor(
    private readonly project: Projector,
    private readonly fresh: FreshEntries,
  ) {}

  /** @returns how many entries got a place; fewer than `Sequencer.batchSize` when nothing was left */
  async sequence(connection: EntityManager): Promise<number> {
    this.watermark ??= await Watermark.load(connection);
    const { watermark } = this;
    const complete = await watermark.completeUpTo(connection);
    const grown = await connection.transaction(async (tx) => {
      await tx.query('select pg_advisory_xact_lock_shared($1)', [sequencingLock]);
      const found = await this.look(tx, watermark.entryId);
      const growth = await this.grow(tx, found);
      for (const { log, leaves, nodes } of growth.values()) await storeLeaves(tx, log, leaves, nodes);
      if (found.length > 0) await this.project(tx, placesOf(found, growth));
      if (found.length < batchSize && complete !== undefined) await watermark.advance(tx, complete);
      return { growth, count: found.length };
    });
    for (const { log, tree } of grown.growth.values()) this.trees.set(log, tree);
    return grown.count;
  }

  static readonly batchSize = batchSize;

  /** The tree of one log as far as it has been sequenced. */
  async tree(connection: Sql, log: number): Promise<MerkleTree> {
    const known = this.trees.get(log) ?? (await loadTree(connection, log));
    this.trees.set(log, known);
    return known;
  }

  private async look(tx: EntityManager, after: string): Promise<Found[]> {
    this.fresh.wanted();
    const rows = await tx.query<Row[]>(unsequencedSql, [after]);
    const known = rows.map((row) => ({ row, fresh: this.fresh.take(row) }));
    const bodies = await bodiesOf(
      tx,
      known.filter(({ fresh }) => fresh === undefined).map(({ row }) => row.id),
    );
    return known.map(({ row, fresh }) => {
      if (fresh !== undefined) return { row, fresh, envelope: fresh.envelope };
      const stored = sealedOf({ ...row, body: bodies.get(row.id)! });
      return { row, stored, envelope: stored.envelope };
    });
  }

  private async grow(tx: EntityManager, found: readonly Found[]): Promise<ReadonlyMap<number, Growth>> {
    const growth = new Map<number, Growth>();
    for (const entry of found) {
      const log = await this.logOf(tx, entry.envelope.log);
      const grown = growth.get(log) ?? { log, tree: (await this.tree(tx, log)).clone(), leaves: [], nodes: [] };
      growth.set(log, grown);
      const seq = grown.tree.size;
      const hash = leafHash(leafOf(entry, seq));
      grown.nodes.push(...grown.tree.append(hash));
      grown.leaves.push({ seq, entryId: entry.row.id, hash });
      if (seq % entriesAtOnce === 0) await new Promise(setImmediate);
    }
    return growth;
  }

  private async logOf(tx: EntityManager, origin: string): Promise<number> {
    const known = this.logs.get(origin);
    if (known !== undefined) return known;
    const [row] = await tx.query<{ id: number }[]>('select id from evidence_logs where origin = $1', [origin]);
    if (row === undefined) throw new Error(`an entry belongs to the log "${origin}", which is not known here`);
    this.logs.set(origin, row.id);
    return row.id;
  }
}

async function bodiesOf(tx: EntityManager, ids: readonly string[]): Promise<ReadonlyMap<string, Buffer>> {
  if (ids.length === 0) return new Map();
  const rows = await tx.query<{ id: string; body: Buffer }[]>(
    'select id, body from evidence_entries where id = any($1::bigint[])',
    [ids],
  );
  return new Map(rows.map(({ id, body }) => [id, body]));
}

function leafOf(found: Found, seq: number): Uint8Array {
  if ('stored' in found) return encodeEntry({ ...found.stored, seq });
  const { nonce, body_digest: digest } = found.row;
  const text = leafText({
    seq,
    envelope: found.fresh.text,
    nonce: nonce.toString('base64'),
    bodyDigest: digest.toString('hex'),
  });
  return Buffer.from(text);
}

function placesOf(found: readonly Found[], growth: ReadonlyMap<number, Growth>): SequencedEntry[] {
  const places = new Map(
    [...growth.values()].flatMap(({ leaves }) => leaves.map(({ entryId, seq }) => [entryId, seq] as const)),
  );
  return found.map((entry) => {
    const { row, envelope } = entry;
    const place = { seq: places.get(row.id)!, keyId: row.key_id, envelope };
    return 'stored' in entry ? { ...place, stored: entry.stored } : { ...place, body: entry.fresh.body };
  });
}

import { type Envelope, keyIdOf, type NewEntry, type SealedEntry } from '@sallyport/evidence';

/** One entry as it is stored: sealed, not yet sequenced. */
export interface EntryRow {
  readonly event: string;
  readonly session: string | null;
  readonly operation: string | null;
  readonly review: string | null;
  readonly at: Date;
  /** Canonical JSON: exactly what the leaf will commit to. */
  readonly envelope: string;
  readonly nonce: Buffer;
  readonly bodyDigest: Buffer;
  readonly body: Buffer;
  /** Which key of `session_keys` opens the body. */
  readonly keyId: string;
}

const asBuffer = ({ buffer, byteOffset, length }: Uint8Array): Buffer => Buffer.from(buffer, byteOffset, length);

export const rowOf = (sealed: NewEntry): EntryRow => ({
  event: sealed.envelope.event,
  session: sealed.envelope.session ?? null,
  operation: sealed.envelope.operation ?? null,
  review: sealed.envelope.review ?? null,
  at: new Date(sealed.envelope.at),
  envelope: sealed.text,
  nonce: Buffer.from(sealed.nonce, 'base64'),
  bodyDigest: Buffer.from(sealed.bodyDigest, 'hex'),
  body: asBuffer(sealed.sealed),
  keyId: keyIdOf(sealed.envelope),
});

type StoredEntry = Readonly<Record<'nonce' | 'body_digest' | 'body', Buffer>> & { readonly envelope: string };

export const sealedOf = ({ envelope, nonce, body_digest, body }: StoredEntry): SealedEntry => ({
  envelope: JSON.parse(envelope) as Envelope,
  nonce: nonce.toString('base64'),
  bodyDigest: body_digest.toString('hex') as SealedEntry['bodyDigest'],
  sealed: body,
});

const columns = 'event, session, operation, review, at, envelope, nonce, body_digest, body, key_id';
const columnCount = 10;

const insertFrom = (source: string): string => `
  insert into evidence_entries (${columns})
  select ${columns}
  from ${source}unnest($1::text[], $2::uuid[], $3::uuid[], $4::uuid[], $5::timestamptz[], $6::text[], $7::bytea[], $8::bytea[], $9::bytea[], $10::text[])
    with ordinality as entry (${columns}, position)
  order by position`;

/**
 * One statement for any number of entries; ids are given in the order of the rows. Parameters $1 to $10. It makes the
 * commit of its transaction wait for the disk, whatever the server's default.
 */
export const insertEntriesSql = `
  with durable as (select set_config('synchronous_commit', 'on', true))${insertFrom('durable, ')}`;

/** The same on a connection whose commits wait for the disk already. */
export const insertManySql = insertFrom('');

export const entryParameters = (rows: readonly EntryRow[]): readonly unknown[] => [
  rows.map(({ event }) => event),
  rows.map(({ session }) => session),
  rows.map(({ operation }) => operation),
  rows.map(({ review }) => review),
  rows.map(({ at }) => at),
  rows.map(({ envelope }) => envelope),
  rows.map(({ nonce }) => nonce),
  rows.map(({ bodyDigest }) => bodyDigest),
  rows.map(({ body }) => body),
  rows.map(({ keyId }) => keyId),
];

/** The same for `count` rows. Parameters by `scalarParameters`. */
export const insertFewSql = (count: number): string => {
  const row = (index: number): string =>
    `(${Array.from({ length: columnCount }, (_, column) => `$${index * columnCount + column + 1}`).join(', ')})`;
  return `insert into evidence_entries (${columns}) values ${Array.from({ length: count }, (_, index) => row(index)).join(', ')}`;
};

/** Times as text: a Date would be written in the process's own time zone, field by field. */
export const scalarParameters = (row: EntryRow): unknown[] => [
  row.event,
  row.session,
  row.operation,
  row.review,
  row.at.toISOString(),
  row.envelope,
  row.nonce,
  row.bodyDigest,
  row.body,
  row.keyId,
];

type Query = (sql: string, parameters: unknown[]) => Promise<unknown>;

export async function insertEntries(query: Query, rows: readonly EntryRow[]): Promise<void> {
  await query(insertEntriesSql, [...entryParameters(rows)]);
}

/** One chunk of a recorded response as it is stored. */
export interface ChunkRow {
  readonly session: string;
  readonly operation: string;
  /** From 0, without gaps within the operation. */
  readonly number: number;
  readonly at: Date;
  /** Sealed under the session's key. */
  readonly payload: Buffer;
}

/** Parameters $1 to $5. */
export const insertChunksSql = `
  insert into recording_chunks (session, operation, number, at, payload)
  select * from unnest($1::uuid[], $2::uuid[], $3::int[], $4::timestamptz[], $5::bytea[])`;

export const chunkParameters = (rows: readonly ChunkRow[]): readonly unknown[] => [
  rows.map(({ session }) => session),
  rows.map(({ operation }) => operation),
  rows.map(({ number }) => number),
  rows.map(({ at }) => at),
  rows.map(({ payload }) => payload),
];

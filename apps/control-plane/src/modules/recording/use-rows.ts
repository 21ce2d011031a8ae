/** One use of what may be used once, as it is stored: hashes of 32 bytes. */
export interface UseRow {
  readonly key: Buffer;
  readonly origin: Buffer;
  /** Which attempt of the same use it says it is. */
  readonly attempt: Buffer | null;
  readonly keptMs: number;
  readonly repeatMs: number;
}

/** Far more attempts than a client makes of one use. */
const mostAttempts = 8;

/** @param repeat how many seconds after the first use another attempt may follow */
const otherAttempt = (repeat: string): string => `
  on conflict (key) do update set attempts = known.attempts || excluded.attempts
    where known.origin = excluded.origin
      and known.first_at > clock_timestamp() - make_interval(secs => ${repeat})
      and cardinality(excluded.attempts) = 1 and cardinality(known.attempts) < ${mostAttempts}
      and not known.attempts @> excluded.attempts
  returning key`;
const attempts = (attempt: string): string =>
  `case when ${attempt} is null then '{}'::bytea[] else array[${attempt}] end`;

/** A row comes back for the first use, and for another attempt of it. Parameters by `useParameter`. */
export const takeUseSql = `
  insert into single_uses as known (key, origin, attempts, expires_at)
  values ($1, $2, ${attempts('$3::bytea')}, now() + make_interval(secs => $4))${otherAttempt('$5')}`;

/**
 * The same for any number. Parameters by `useParameters`. INVARIANT: no key is there twice. In the order of their keys, so
 * that two replicas never wait for one another.
 */
export const takeUsesSql = `
  insert into single_uses as known (key, origin, attempts, expires_at)
  select key, origin, ${attempts('attempt')}, now() + make_interval(secs => kept)
  from unnest($1::bytea[], $2::bytea[], $3::bytea[], $4::float8[]) as use (key, origin, attempt, kept)
  order by key${otherAttempt('(select repeat from unnest($1::bytea[], $5::float8[]) as use (key, repeat) where use.key = excluded.key)')}`;

export const useParameter = ({ key, origin, attempt, keptMs, repeatMs }: UseRow): readonly unknown[] => [
  key,
  origin,
  attempt,
  keptMs / 1000,
  repeatMs / 1000,
];

export const useParameters = (rows: readonly UseRow[]): readonly unknown[] => [
  rows.map(({ key }) => key),
  rows.map(({ origin }) => origin),
  rows.map(({ attempt }) => attempt),
  rows.map(({ keptMs }) => keptMs / 1000),
  rows.map(({ repeatMs }) => repeatMs / 1000),
];

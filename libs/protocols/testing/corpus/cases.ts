/** The evasion corpus as data: one case a line, read as it is. */
import { readFileSync } from 'node:fs';

/** One message of a case that is about the protocol itself. */
export interface RawFrame {
  readonly op: 'Parse' | 'Bind' | 'Execute' | 'Close' | 'Sync' | 'Query' | 'FunctionCall';
  readonly name?: string;
  readonly sql?: string;
  readonly stmt?: string;
  readonly portal?: string;
  readonly kind?: 'S' | 'P';
  readonly max_rows?: number;
  readonly params?: readonly string[];
  readonly result_formats?: readonly number[];
}

export interface RawInput {
  readonly frames?: readonly RawFrame[];
  /** `one_answer_at_a_time`: what comes behind a Query or Sync is sent once that is answered. */
  readonly segmentation?: 'one_byte_per_segment' | 'one_answer_at_a_time';
  readonly startup?: Readonly<Record<string, string>>;
  readonly bytes?: string;
}

export type Expectation =
  | 'allow'
  | 'deny'
  | 'mask'
  | 'mask_or_deny'
  | 'redact_error'
  | 'residual'
  | 'deny_or_allow_by_policy'
  | 'limit'
  | 'approve_each'
  | 'approve_rowcount'
  | 'approve_or_deny'
  | 'deny_session'
  | 'deny_or_rewrite'
  | 'allow_negotiate'
  | 'refuse_N'
  | 'drop'
  /** Under a policy that allows everything: what is masked stays hidden all the same. */
  | 'never_shown';

export interface Case {
  readonly id: string;
  readonly class: string;
  readonly input: string | RawInput;
  readonly transport: 'simple' | 'extended_binary' | 'raw' | 'simple_norun';
  readonly expect: Expectation;
  readonly policy: 'ro_masked' | 'rw_approve';
  readonly note: string;
  /** The effect to look for on the target. */
  readonly probe?: string;
  readonly leak?: string;
  /** The column whose masking rule stops it, where only a detector knows of the value. */
  readonly control?: string;
  readonly verified_pg15?: Readonly<Record<string, boolean>>;
}

/** A case whose input is SQL. */
export interface SqlCase extends Case {
  readonly input: string;
}

/** A case of messages of a session that has begun. */
export interface FrameCase extends Case {
  readonly input: RawInput & { readonly frames: readonly RawFrame[] };
}

const folder = new URL('../../postgres/corpus/', import.meta.url);

export const readCorpus = (name: string): string => readFileSync(new URL(name, folder), 'utf8');

export const casesOf = (...files: readonly string[]): Case[] =>
  files.flatMap((file) =>
    readCorpus(file)
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Case),
  );

export const isSql = (one: Case): one is SqlCase => typeof one.input === 'string';

export const isFrames = (one: Case): one is FrameCase =>
  typeof one.input !== 'string' && one.input.frames !== undefined;

/** Every case of SQL and of raw messages; `own.jsonl` holds what this project has found itself. */
export const allCases: readonly Case[] = casesOf('postgres.jsonl', 'masking.jsonl', 'own.jsonl');

/** What one session can play, statement by statement. How sessions begin and where bytes are no messages is elsewhere. */
export const playable: readonly Case[] = allCases.filter(
  (one) => one.control === undefined && ((isSql(one) && one.transport !== 'simple_norun') || isFrames(one)),
);

/** What a rule has to be written for: a condition on a column that no rule names is no probe of a masked one. */
export const controlled = allCases.filter((one) => one.control !== undefined) as (Case & {
  readonly control: string;
})[];

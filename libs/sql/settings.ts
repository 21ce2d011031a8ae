import type { Draft } from './draft.js';

type Accepts = (value: string | undefined) => boolean;

const anything: Accepts = () => true;
const oneOf =
  (...values: readonly string[]): Accepts =>
  (value) =>
    value === undefined || values.includes(value.toLowerCase());
/**
 * A limit may be set, not lifted: 0 means none, and so does a fraction or a microsecond that rounds to 0.
 * Absent (DEFAULT) means the role's own.
 */
const limit: Accepts = (value) => value === undefined || /^\s*0*[1-9]\d*\s*(ms|s|min|h|d)?\s*$/.test(value);
const on = oneOf('on', 'true', 'yes', '1');

/** Settings that change only how results look or how long they may take. Every other one is a privilege. */
const harmless = new Map<string, Accepts>([
  ['application_name', anything],
  ['datestyle', anything],
  ['intervalstyle', anything],
  ['timezone', anything],
  ['extra_float_digits', anything],
  ['bytea_output', anything],
  ['xmloption', anything],
  ['search_path', anything],
  ['lc_monetary', anything],
  ['lc_numeric', anything],
  ['lc_time', anything],
  ['jit', anything],
  ['synchronize_seqscans', anything],
  ['client_encoding', oneOf('utf8', 'utf-8', 'unicode')],
  ['client_min_messages', oneOf('notice', 'warning', 'error')],
  ['standard_conforming_strings', on],
  ['row_security', on],
  ['default_transaction_read_only', on],
  ['transaction_read_only', on],
  ['statement_timeout', limit],
  ['lock_timeout', limit],
  ['idle_in_transaction_session_timeout', limit],
  ['idle_session_timeout', limit],
  ['transaction_timeout', limit],
]);

const isHarmless = (name: string, value: string | undefined): boolean =>
  harmless.get(name)?.(value) ?? name.startsWith('enable_');

const identities = new Set(['role', 'session_authorization', 'is_superuser']);

interface Setting {
  /** Undefined where the text does not say which: a privilege. */
  readonly name: string | undefined;
  /** Undefined means DEFAULT or RESET; the empty string a value that the text does not tell. */
  readonly value: string | undefined;
}

/** Judges one setting being set, and notes what it changes for the session. */
export const judgeSetting = ({ name, value }: Setting, draft: Draft): void => {
  const lower = name?.toLowerCase() ?? '?';
  draft.effects.settings = [...(draft.effects.settings ?? []), lower];
  if (lower === 'search_path' || name === undefined) draft.effects.changesSearchPath = true;
  if (lower === 'search_path') draft.flags.add('search-path');
  if (identities.has(lower)) {
    draft.effects.changesSearchPath = true; // "$user" is another schema now
    draft.effects.identity = true;
    draft.raise('privilege', 'set-role');
  } else if (!isHarmless(lower, value)) draft.raise('privilege', 'setting');
};

import type { Risk } from '@sallyport/core';
import type { Relation } from './catalogue.js';

interface Meaning {
  readonly risk: Risk;
  readonly flag: string;
  /** What it holds cannot be told apart by column: any masked value may be in it. */
  readonly opaque?: boolean;
}

const words = (text: string): string[] => text.trim().split(/\s+/);
const each = (names: string, meaning: Meaning): [string, Meaning][] => words(names).map((name) => [name, meaning]);

/** Relations of pg_catalog that hold more than definitions. */
const catalogueMeanings = new Map<string, Meaning>([
  ...each('pg_statistic pg_stats pg_statistic_ext_data pg_stats_ext pg_stats_ext_exprs', {
    risk: 'read',
    flag: 'statistics',
  }),
  // The key of an advisory lock is whatever was locked.
  ...each('pg_stat_activity pg_locks', { risk: 'read', flag: 'activity' }),
  ...each('pg_authid pg_shadow pg_user_mapping pg_user_mappings pg_subscription pg_stat_wal_receiver', {
    risk: 'privilege',
    flag: 'secrets',
  }),
  ...each('pg_hba_file_rules pg_ident_file_mappings pg_file_settings', { risk: 'privilege', flag: 'server-file' }),
  ...each('pg_largeobject', { risk: 'unknown', flag: 'large-object', opaque: true }),
]);

/** Statistics, other people's statements, files and logs: may show any value of any table. */
export const revealingFlags: ReadonlySet<string> = new Set([
  'statistics',
  'activity',
  'server-file',
  'replication',
  'whole-database',
]);

/** What reading a relation means beyond its columns; undefined for an ordinary one. */
export const meaningOf = ({ schema, name, kind }: Relation): Meaning | undefined => {
  if (schema === 'pg_catalog') return catalogueMeanings.get(name);
  if (schema === 'information_schema' && /^(_pg_)?user_mapping(s|_options)$/.test(name))
    return { risk: 'privilege', flag: 'secrets' };
  if (name === 'pg_stat_statements') return { risk: 'read', flag: 'activity' };
  // Another server, or this one through a loop: what stands behind the name is not in the catalogue.
  return kind === 'f' ? { risk: 'read', flag: 'foreign-table', opaque: true } : undefined;
};

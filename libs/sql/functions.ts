import type { Risk } from '@sallyport/core';
import { otherFunctions, readFunctions, volatileReadFunctions } from './built-in-functions.js';
import type { Draft } from './draft.js';
import { judgeSetting } from './settings.js';
import { constantOf, type Tree } from './tree.js';

interface Class {
  readonly pattern: RegExp;
  readonly risk: Risk;
  readonly flags: readonly string[];
  readonly opaque?: boolean;
}

/** What built-in functions off the read list are. First match decides; no match is unknown. Names, never SQL text. */
const classes: readonly Class[] = [
  { pattern: /^(nextval|setval)$/, risk: 'write', flags: ['sequence'] },
  { pattern: /^pg_notify$/, risk: 'write', flags: ['notify'] },
  { pattern: /^pg_(try_)?advisory_/, risk: 'write', flags: ['lock'] },
  { pattern: /^lo_(import|export)$/, risk: 'privilege', flags: ['large-object', 'server-file'] },
  { pattern: /^lo_unlink$/, risk: 'destructive', flags: ['large-object'] },
  {
    pattern: /^(lo_(creat|create|from_bytea|put|truncate|truncate64)|lowrite)$/,
    risk: 'write',
    flags: ['large-object'],
  },
  { pattern: /^(lo_\w+|loread)$/, risk: 'unknown', flags: ['large-object'], opaque: true },
  {
    pattern:
      /^pg_(read_(binary_)?file(_old)?|ls_\w+|stat_file|current_logfile|hba_file_rules|ident_file_mappings|show_all_file_settings)$/,
    risk: 'privilege',
    flags: ['server-file'],
  },
  {
    pattern: /_to_xml(_and_xmlschema|schema)?$|^ts_(stat|rewrite)$/,
    risk: 'unknown',
    flags: ['dynamic-sql'],
    opaque: true,
  },
  {
    pattern:
      /^pg_(cancel_backend|terminate_backend|reload_conf|rotate_logfile(_old)?|promote|switch_wal|create_restore_point|backup_\w+|wal_replay_\w+|log_\w+|export_snapshot|import_system_collations|stat_reset\w*|clear_\w+_stats|restore_\w+_stats)$|^binary_upgrade_/,
    risk: 'privilege',
    flags: ['server-control'],
  },
  {
    pattern:
      /^pg_(logical_|replication_|create_(logical|physical)_replication|drop_replication|copy_(logical|physical)|sync_replication)/,
    risk: 'privilege',
    flags: ['replication'],
  },
  { pattern: /^pg_mcv_list_items$/, risk: 'read', flags: ['statistics'] },
  { pattern: /^pg_stat_get_(backend_)?activity$/, risk: 'read', flags: ['activity'] },
  { pattern: /^pg_sleep/, risk: 'unknown', flags: ['sleep'] },
];

const setConfig = (args: readonly Tree[], draft: Draft): void => {
  draft.flags.add('set-config');
  if (args.slice(0, 2).some((arg) => constantOf(arg) === undefined)) draft.flags.add('computed-setting');
  judgeSetting({ name: constantOf(args[0]), value: constantOf(args[1]) ?? '' }, draft);
};

/** Judges a call of a function of pg_catalog by its name. `args` matter for set_config only. */
export const judgeBuiltIn = (name: string, args: readonly Tree[], draft: Draft): void => {
  draft.functions.add(`pg_catalog.${name}`);
  if (readFunctions.has(name)) return;
  draft.flags.add('volatile-function');
  if (name === 'pg_lock_status') draft.flags.add('activity');
  if (volatileReadFunctions.has(name)) return;
  if (name === 'set_config') {
    setConfig(args, draft);
    return;
  }
  const found = otherFunctions.has(name) ? classes.find(({ pattern }) => pattern.test(name)) : undefined;
  if (!found) {
    draft.conceal('unknown-function');
    return;
  }
  draft.raise(found.risk, ...found.flags);
  draft.opaque ||= found.opaque === true;
};

export const isBuiltIn = (name: string): boolean =>
  readFunctions.has(name) || volatileReadFunctions.has(name) || otherFunctions.has(name);

/** Extension functions known for running text elsewhere: told apart for the reader; unknown they are anyway. */
export const extensionFlags = (name: string): string[] => {
  if (name.startsWith('dblink')) return ['dblink', 'dynamic-sql'];
  if (/^(crosstab\w*|connectby|xpath_table|query_to_\w+|execute\w*)$/.test(name)) return ['dynamic-sql'];
  return name.startsWith('pg_file_') ? ['server-file'] : [];
};

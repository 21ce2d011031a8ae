import type { PolicyPack } from './pack.js';

const entry = `// Everybody with a valid ticket may open a session. To name groups instead, write for example
//   permit(principal in Sallyport::Group::"engineers", action == Sallyport::Action::"session.connect", resource);
// and to name connections by label
//   permit(principal, action == Sallyport::Action::"session.connect", resource in Sallyport::Label::"staging");
@id("connect")
permit(principal, action == Sallyport::Action::"session.connect", resource);

// What a session has asked to hear about (LISTEN) reaches it, masked like every other answer.
@id("notifications")
permit(principal, action == Sallyport::Action::"sql.notification", resource);

@id("read")
permit(principal, action == Sallyport::Action::"sql.execute", resource)
when { context.risk == "read" && context.masked_columns_probed.isEmpty() };

// Whoever may put a masked column into a condition can find its values out, one answer after the other.
@id("reviewed-probe")
@review("reviewers")
@timeout("10m")
@on_timeout("deny")
@message("this could tell values of masked columns without showing them, so a reviewer must look at it")
permit(principal, action == Sallyport::Action::"sql.execute", resource)
when { context.risk == "read" && !context.masked_columns_probed.isEmpty() };

@id("no-copies-of-masked-values")
@message("this would store values of masked columns where no masking rule covers them")
forbid(principal, action == Sallyport::Action::"sql.execute", resource)
when { !context.masked_columns_stored.isEmpty() };

// What was read as a mask would be stored in place of the value. The gateway never lets it through; this says so at once.
@id("no-masks-written-back")
@message("this would write a masked value over the real one: leave that column out, or give its real value")
forbid(principal, action == Sallyport::Action::"sql.execute", resource)
when { context.flags.contains("mask-written") };
`;

const words = (text: string): string =>
  text
    .trim()
    .split(/\s+/)
    .map((word) => `"${word}"`)
    .join(', ');

/** Of pg_catalog: what analysts, drivers and psql's own commands use, and nothing that runs, opens or tells more. */
const strictFunctions = words(
  `abs age array_agg array_append array_cat array_dims array_length array_lower array_position array_prepend array_remove
  array_to_json array_to_string array_upper avg bit_and bit_or bool_and bool_or btrim cardinality ceil ceiling char_length
  character_length coalesce col_description concat concat_ws corr count covar_pop covar_samp cume_dist current_database
  current_schema current_schemas current_setting current_user date date_bin date_part date_trunc dense_rank
  encode every exp extract first_value float4 float8 floor format format_type generate_subscripts greatest
  has_column_privilege has_database_privilege has_schema_privilege has_sequence_privilege has_table_privilege initcap
  int2 int4 int8 isfinite json_agg json_array_length json_build_array json_build_object json_extract_path_text
  json_object_agg jsonb_agg jsonb_array_length jsonb_build_array jsonb_build_object jsonb_extract_path_text
  jsonb_object_agg jsonb_typeof json_typeof justify_days justify_hours justify_interval lag last_value lead least left
  length like ln log lower ltrim make_date make_interval make_timestamp max md5 min mod mode now nth_value ntile nullif
  numeric obj_description octet_length percent_rank percentile_cont percentile_disc pg_encoding_to_char
  pg_function_is_visible pg_get_constraintdef pg_get_expr pg_get_indexdef pg_get_partkeydef pg_get_serial_sequence
  pg_get_userbyid pg_get_viewdef pg_is_other_temp_schema pg_my_temp_schema pg_relation_is_publishable
  pg_table_is_visible pg_type_is_visible position power quote_ident rank regr_slope replace reverse right round
  row_number row_to_json rtrim session_user shobj_description sign split_part sqrt starts_with statement_timestamp stddev
  stddev_pop stddev_samp string_agg strpos substr substring sum text timestamp timestamptz timezone to_char to_date
  to_json to_jsonb to_number to_timestamp transaction_timestamp trim trunc unnest upper user var_pop var_samp variance
  version width_bucket`
    .trim()
    .split(/\s+/)
    .map((name) => `pg_catalog.${name}`)
    .join(' '),
);

const strictVerbs = words(
  'select explain show set reset begin commit rollback savepoint release prepare execute deallocate declare fetch move close copy discard',
);
const strictFlags = words(
  'transaction-control explain show prepare execute cursor setting multi-statement provisional volatile-function',
);

/** What strict mode takes: listed kinds of statement and functions, and masked columns shown bare or not at all. */
const strict = `context.risk == "read" &&
  !context.unresolved &&
  !context.opaque &&
  context.masked_columns_probed.isEmpty() &&
  context.masked_columns_computed.isEmpty() &&
  [${strictVerbs}].containsAll(context.verbs) &&
  [${strictFlags}].containsAll(context.flags) &&
  [${strictFunctions}].containsAll(context.functions)`;

const strictMessage =
  'strict mode for AI clients: plain SELECT, EXPLAIN, SHOW and transactions, with listed built-in functions, and masked columns only shown, never compared, sorted or computed with';

const strictAbout = `// Strict mode, the default for AI: an allow-list of statements, functions and flags, and masked columns in no condition.
// To take a function more, add its name to the list as context.functions gives it; to give AI what people have, delete this.`;

const strictForAi = `
${strictAbout}
@id("strict-for-ai")
@message("${strictMessage}")
forbid(principal, action == Sallyport::Action::"sql.execute", resource)
when { context.class == "ai" || context.ai_session }
unless { ${strict} };
`;

/** Where a person can be asked, one is: what the AI of a person wants beyond strict mode waits like that person's changes. */
const strictOrReviewedForAi = `
${strictAbout}
// An AI identity has nothing else. The AI session of a person may ask for more: a reviewer looks at each such statement.
@id("strict-for-ai")
@message("${strictMessage}")
forbid(principal, action == Sallyport::Action::"sql.execute", resource)
when { context.class == "ai" }
unless { ${strict} };

@id("reviewed-beyond-strict")
@review("reviewers")
@timeout("10m")
@on_timeout("deny")
@message("an AI session reads beyond strict mode, so a reviewer must look at it")
permit(principal, action == Sallyport::Action::"sql.execute", resource)
when { context.ai_session && context.risk == "read" }
unless { ${strict} };
`;

const postgresReadOnly = `// postgres-read-only: sessions may read, and nothing else.

${entry}
@id("read-only")
@message("this connection is read-only; rewrite the statement so that it only reads")
forbid(principal, action == Sallyport::Action::"sql.execute", resource)
unless { context.risk == "read" };
${strictForAi}`;

const postgresSafe = `// postgres-safe: reads run, bounded changes wait for a reviewer, what cannot be undone is refused.
// The group that reviews is named in @review: change "reviewers" to one of yours.

${entry}
// Changes that say which rows they mean.
@id("reviewed-write")
@review("reviewers")
@timeout("10m")
@on_timeout("deny")
@message("changes to data wait for a reviewer")
permit(principal, action == Sallyport::Action::"sql.execute", resource)
when { context.risk == "write" && context.has_where };

// What the gateway cannot understand is for a person to judge, never for a rule to let pass.
@id("reviewed-unknown")
@review("reviewers")
@timeout("10m")
@on_timeout("deny")
@message("the gateway cannot tell what this does, so a reviewer must")
permit(principal, action == Sallyport::Action::"sql.execute", resource)
when { context.risk == "unknown" };

@id("no-unbounded-change")
@message("UPDATE and DELETE need a WHERE clause here; say which rows you mean")
forbid(principal, action == Sallyport::Action::"sql.execute", resource)
when { context.verbs.containsAny(["update", "delete"]) && !context.has_where };

@id("no-drop")
@message("DROP and TRUNCATE are not allowed here; ask a database administrator to do it")
forbid(principal, action == Sallyport::Action::"sql.execute", resource)
when { context.verbs.containsAny(["drop", "truncate"]) };

@id("no-destruction")
@message("this would destroy data or structure and is not allowed here")
forbid(principal, action == Sallyport::Action::"sql.execute", resource)
when { context.risk == "destructive" };

@id("no-privilege")
@message("changing rights, roles or server settings, and reaching files or programs of the server, is not allowed here")
forbid(principal, action == Sallyport::Action::"sql.execute", resource)
when {
  context.risk == "privilege" ||
  context.verbs.containsAny(["grant", "revoke"]) ||
  context.flags.containsAny(["set-role", "program", "server-file"])
};
${strictOrReviewedForAi}`;

const postgresStrict = `// postgres-strict: everybody reads in strict mode; whoever needs more gets a connection with another pack.

${entry}
@id("strict")
@message("strict mode: plain SELECT, EXPLAIN, SHOW and transactions, with listed built-in functions, and masked columns only shown, never compared, sorted or computed with")
forbid(principal, action == Sallyport::Action::"sql.execute", resource)
unless { ${strict} };
`;

export const postgresPacks: readonly PolicyPack[] = [
  { name: 'postgres-read-only', title: 'PostgreSQL: read only', text: postgresReadOnly },
  {
    name: 'postgres-safe',
    title: 'PostgreSQL: reads run, changes are reviewed, destruction is refused',
    text: postgresSafe,
  },
  { name: 'postgres-strict', title: 'PostgreSQL: strict mode for everybody', text: postgresStrict },
];

/** The state oracle: a superuser's digest of everything that a statement may change in a database and on its server. */
import pg from 'pg';
import type { Login } from './talk.js';

/** Rows with who wrote them: an UPDATE to the same values is a change too. */
const rows = `(select string_agg(c.oid::text || md5(query_to_xml(format(
    'select xmin::text, t::text from only %s t order by 2, 1', c.oid::regclass), true, true, '')::text), ',' order by c.oid)
  from pg_class c where c.relkind in ('r', 'm') and c.relnamespace::regnamespace::text !~ '^(pg_|information_schema)')`;

const sequences = `(select string_agg(c.oid || ' ' || coalesce(pg_sequence_last_value(c.oid)::text, ''), ',' order by c.oid)
  from pg_class c where c.relkind = 'S' and c.relnamespace::regnamespace::text !~ '^pg_temp')`;

/** Definitions: whole rows, by catalogue, without what temporary objects leave for a moment. */
const catalogues = [
  ...['pg_authid', 'pg_auth_members', 'pg_db_role_setting', 'pg_extension', 'pg_foreign_server', 'pg_user_mapping'],
  ...['pg_foreign_table', 'pg_subscription', 'pg_publication', 'pg_publication_rel', 'pg_rewrite', 'pg_trigger'],
  ...['pg_policy', 'pg_description', 'pg_shdescription', 'pg_seclabel', 'pg_default_acl', 'pg_event_trigger'],
  ...['pg_operator', 'pg_cast', 'pg_collation', 'pg_language', 'pg_largeobject', 'pg_largeobject_metadata'],
  ...['pg_statistic_ext', 'pg_ts_config', 'pg_tablespace', 'pg_conversion', 'pg_proc', 'pg_aggregate', 'pg_enum'],
];
const wholeRows = catalogues.map(
  (name) => `(select md5(string_agg(x, ',' order by x collate "C")) from (select t::text as x from ${name} t) s)`,
);

const named = [
  `(select md5(string_agg(concat_ws(' ', oid, nspname, nspowner, nspacl), ',' order by oid)) from pg_namespace
    where nspname !~ '^pg_(temp|toast_temp)')`,
  `(select md5(string_agg(concat_ws(' ', oid, relname, relkind, relowner, relacl, reloptions, relrowsecurity,
    relnamespace, relfilenode), ',' order by oid)) from pg_class
    where relnamespace::regnamespace::text !~ '^(pg_temp|pg_toast)')`,
  `(select md5(string_agg(concat_ws(' ', a.attrelid, attname, atttypid, attnum, attnotnull, attisdropped, attacl,
    attstattarget), ',' order by a.attrelid, attnum)) from pg_attribute a join pg_class c on c.oid = a.attrelid
    where relnamespace::regnamespace::text !~ '^(pg_temp|pg_toast)')`,
  `(select md5(string_agg(concat_ws(' ', d.oid, adrelid, pg_get_expr(adbin, adrelid)), ',' order by d.oid)) from pg_attrdef d
    join pg_class c on c.oid = d.adrelid where relnamespace::regnamespace::text !~ '^pg_temp')`,
  `(select md5(string_agg(concat_ws(' ', oid, conname, conrelid), ',' order by oid)) from pg_constraint)`,
  `(select md5(string_agg(concat_ws(' ', oid, typname, typowner, typacl), ',' order by oid)) from pg_type
    where typnamespace::regnamespace::text !~ '^pg_temp')`,
  `(select md5(string_agg(concat_ws(' ', oid, datname, datdba, datacl, datconnlimit), ',' order by oid)) from pg_database
    where datname = current_database())`,
  `(select string_agg(slot_name, ',' order by 1) from pg_replication_slots)`,
  `(select string_agg(gid, ',' order by 1) from pg_prepared_xacts)`,
  `(select string_agg(concat_ws(' ', name, setting), ',' order by 1) from pg_file_settings where sourcefile ~ 'auto.conf')`,
];

/**
 * What moves whenever something is written, cheap to ask for after every case: the next transaction id, and what changes
 * without one.
 */
const traceSql = `select concat_ws('|', pg_snapshot_xmax(pg_current_snapshot()), ${sequences},
  (select string_agg(concat_ws(' ', slot_name, active), ',' order by slot_name) from pg_replication_slots),
  (select string_agg(concat_ws(' ', name, setting), ',' order by 1) from pg_file_settings where sourcefile ~ 'auto.conf')) as trace`;

const stateSql = `select md5(concat_ws('|', ${[rows, sequences, ...wholeRows, ...named].join(',\n')})) as digest`;

/** One connection of a superuser that stays open: a digest after every case has to be cheap. */
export class StateOracle {
  readonly #client: pg.Client;
  #last: { readonly trace: string; readonly digest: string } | undefined;

  private constructor(client: pg.Client) {
    this.#client = client;
  }

  static async of({ host, port, user, password, database }: Login): Promise<StateOracle> {
    const limits = { statement_timeout: 20_000, lock_timeout: 5_000 };
    const client = new pg.Client({ host, port, user, password, database, ...limits });
    client.on('error', () => undefined);
    await client.connect();
    return new StateOracle(client);
  }

  /** Looks again only where something was written since the last time, here or in a database beside this one. */
  async digest(): Promise<string> {
    const trace = (await this.first(traceSql))!;
    if (this.#last?.trace !== trace) this.#last = { trace, digest: await this.whole() };
    return this.#last.digest;
  }

  async whole(): Promise<string> {
    return (await this.first(stateSql))!;
  }

  async first(sql: string): Promise<string | null> {
    const { rows: found } = await this.#client.query<(string | null)[]>({ text: sql, rowMode: 'array' });
    return found[0]?.[0]?.toString() ?? null;
  }

  async run(sql: string): Promise<void> {
    await this.#client.query(sql);
  }

  end(): Promise<void> {
    return this.#client.end();
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

// ALWAYS: a session that plays a replication role does not switch these off.
const insertOnly = (table: string): string => `
  create trigger ${table}_insert_only before update or delete or truncate on ${table}
    for each statement execute function evidence_refuse_change();
  alter table ${table} enable always trigger ${table}_insert_only`;

// `envelope` is the canonical text that the leaf commits to; the columns beside it repeat it for indexes.
const entries = `
  create table evidence_entries (
    id bigint generated always as identity constraint evidence_entries_pkey primary key,
    event text not null,
    session uuid,
    operation uuid,
    review uuid,
    at timestamptz not null,
    envelope text not null,
    nonce bytea not null,
    body_digest bytea not null,
    body bytea not null,
    key_id text not null,
    constraint evidence_entries_event_name check (event ~ '^[a-z]+(-[a-z]+)*\\.[a-z]+(-[a-z]+)*$'),
    constraint evidence_entries_envelope_size check (octet_length(envelope) <= 8192),
    constraint evidence_entries_nonce_size check (octet_length(nonce) = 12),
    constraint evidence_entries_body_digest_size check (octet_length(body_digest) = 32),
    constraint evidence_entries_body_size check (octet_length(body) <= 1048576)
  )`;

// More than one only after a recorded restore: the old log is closed, and the next one begins under a name of its own.
const logs = `
  create table evidence_logs (
    id integer constraint evidence_logs_pkey primary key,
    origin text not null constraint evidence_logs_origin_key unique,
    verifier_key text not null,
    wrapped_signing_key bytea not null,
    created_at timestamptz not null default now()
  )`;

const sequence = `
  create table evidence_sequence (
    log integer not null constraint evidence_sequence_log_fkey references evidence_logs (id),
    seq bigint not null,
    entry_id bigint not null constraint evidence_sequence_entry_key unique constraint evidence_sequence_entry_fkey references evidence_entries (id),
    leaf_hash bytea not null,
    constraint evidence_sequence_pkey primary key (log, seq),
    constraint evidence_sequence_seq_range check (seq >= 0),
    constraint evidence_sequence_leaf_hash_size check (octet_length(leaf_hash) = 32)
  )`;

// Level 0 is evidence_sequence; here is every complete node above it.
const nodes = `
  create table evidence_nodes (
    log integer not null constraint evidence_nodes_log_fkey references evidence_logs (id),
    level smallint not null,
    index bigint not null,
    hash bytea not null,
    constraint evidence_nodes_pkey primary key (log, level, index),
    constraint evidence_nodes_range check (level between 1 and 62 and index >= 0),
    constraint evidence_nodes_hash_size check (octet_length(hash) = 32)
  )`;

const checkpoints = `
  create table evidence_checkpoints (
    log integer not null constraint evidence_checkpoints_log_fkey references evidence_logs (id),
    size bigint not null,
    root bytea not null,
    note text not null,
    at timestamptz not null,
    constraint evidence_checkpoints_pkey primary key (log, size),
    constraint evidence_checkpoints_size_range check (size >= 0),
    constraint evidence_checkpoints_root_size check (octet_length(root) = 32)
  )`;

const cosignatures = `
  create table evidence_cosignatures (
    log integer not null,
    size bigint not null,
    witness text not null,
    agent_id uuid not null,
    line text not null,
    at timestamptz not null,
    constraint evidence_cosignatures_pkey primary key (log, size, witness),
    constraint evidence_cosignatures_checkpoint_fkey foreign key (log, size) references evidence_checkpoints (log, size)
  )`;

// Every entry with this id or a smaller one has its place in the sequence, or was never committed.
const watermark = `
  create table evidence_watermark (
    one boolean not null default true constraint evidence_watermark_pkey primary key,
    entry_id bigint not null default 0,
    constraint evidence_watermark_only_one check (one)
  );
  insert into evidence_watermark default values`;

const alarms = `
  create table evidence_alarms (
    id bigint generated always as identity constraint evidence_alarms_pkey primary key,
    raised_at timestamptz not null,
    log integer not null constraint evidence_alarms_log_fkey references evidence_logs (id),
    witness text not null,
    size bigint not null,
    root text not null,
    problem text not null,
    accepted_at timestamptz,
    constraint evidence_alarms_claim_key unique (log, witness, size, root)
  )`;

const keys = `
  create table session_keys (
    id text constraint session_keys_pkey primary key,
    wrapped bytea,
    created_at timestamptz not null default now(),
    destroyed_at timestamptz,
    constraint session_keys_destroyed check ((wrapped is null) = (destroyed_at is not null))
  )`;

// A destroyed key stays destroyed: no later write brings one back.
const keysOneWay = `
  create function session_keys_one_way() returns trigger language plpgsql as $$
  begin
    if tg_op = 'DELETE' or old.destroyed_at is not null or new.id <> old.id or new.wrapped is not null then
      raise exception 'a session key can only be destroyed, once' using errcode = 'insufficient_privilege';
    end if;
    return new;
  end $$;
  create trigger session_keys_one_way before update or delete on session_keys for each row execute function session_keys_one_way();
  alter table session_keys enable always trigger session_keys_one_way`;

const refuse = `
  create function evidence_refuse_change() returns trigger language plpgsql as $$
  begin
    raise exception 'evidence is insert-only: % on % is refused', tg_op, tg_table_name using errcode = 'insufficient_privilege';
  end $$`;

/** The log: what happened (entries), in which order (sequence), and what was signed about it (checkpoints). */
export class Evidence1795254300000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(refuse);
    for (const table of [entries, logs, sequence, nodes, checkpoints, cosignatures, watermark, alarms, keys])
      await runner.query(table);
    await runner.query(
      'create index evidence_entries_session on evidence_entries (session, id) where session is not null',
    );
    await runner.query(
      'create index evidence_entries_review on evidence_entries (review, id) where review is not null',
    );
    await runner.query('create index evidence_entries_outside on evidence_entries (event, id) where session is null');
    await runner.query('create index evidence_entries_at on evidence_entries (at)');
    for (const table of [
      'evidence_logs',
      'evidence_entries',
      'evidence_sequence',
      'evidence_nodes',
      'evidence_checkpoints',
      'evidence_cosignatures',
    ]) {
      await runner.query(insertOnly(table));
      await runner.query(`grant select, insert on ${table} to sallyport_app`);
    }
    await runner.query('grant select, insert on evidence_entries to sallyport_recorder');
    await runner.query('grant select on sequence evidence_entries_id_seq to sallyport_app');
    await runner.query('grant select, update (entry_id) on evidence_watermark to sallyport_app');
    await runner.query('grant select, insert, update (accepted_at) on evidence_alarms to sallyport_app');
    await runner.query(keysOneWay);
    await runner.query('grant select, insert, update (wrapped, destroyed_at) on session_keys to sallyport_keys');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'drop table session_keys, evidence_alarms, evidence_watermark, evidence_cosignatures, evidence_checkpoints, evidence_nodes, evidence_sequence, evidence_logs, evidence_entries',
    );
    await runner.query('drop function session_keys_one_way()');
    await runner.query('drop function evidence_refuse_change()');
  }
}

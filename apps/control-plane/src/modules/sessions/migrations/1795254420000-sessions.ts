import type { MigrationInterface, QueryRunner } from 'typeorm';

const sessions = `
  create table sessions (
    id uuid constraint sessions_pkey primary key,
    person_id text,
    identity_class text,
    connection_id text,
    connection_name text,
    connection_version integer,
    protocol text,
    database text,
    ticket_id text,
    ai_session text,
    assurance text,
    record_responses boolean,
    started_seq bigint,
    started_at timestamptz,
    ended_seq bigint,
    ended_at timestamptz,
    end_reason text,
    operations integer,
    denied integer,
    bytes_to_target bigint,
    bytes_to_client bigint,
    erased_at timestamptz
  )`;

const operations = `
  create table operations (
    id uuid constraint operations_pkey primary key,
    session_id uuid,
    seq bigint,
    at timestamptz,
    number integer,
    action text,
    risk text,
    digest text,
    assurance text,
    decision text,
    policies text[],
    policy_version integer,
    review_id text,
    refusal_code text,
    status text,
    status_code text,
    rows bigint,
    bytes bigint,
    masked_fields bigint,
    masked_by text[],
    duration_ms double precision,
    completed_seq bigint,
    completed_at timestamptz,
    constraint operations_decision check (decision in ('allowed', 'reviewing', 'denied', 'abandoned')),
    constraint operations_status check (status in ('done', 'failed', 'skipped', 'unknown'))
  )`;

/**
 * Projections of the evidence: what people list and filter by. No statement, name or address is kept here; those are
 * opened from the entries, so that destroying a session's key removes them everywhere.
 */
export class Sessions1795254420000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(sessions);
    await runner.query('create index sessions_newest on sessions (started_at desc, id desc)');
    await runner.query('create index sessions_person on sessions (person_id, started_at desc, id desc)');
    await runner.query('create index sessions_connection on sessions (connection_name, started_at desc, id desc)');
    await runner.query('create index sessions_open on sessions (id) where ended_at is null');
    await runner.query(operations);
    await runner.query('create index operations_session on operations (session_id, seq)');
    await runner.query('create index operations_open on operations (session_id) where status is null');
    await runner.query('grant select, insert, update, delete on sessions, operations to sallyport_app');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table operations, sessions');
  }
}

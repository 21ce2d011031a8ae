import type { MigrationInterface, QueryRunner } from 'typeorm';

const chunks = `
  create table recording_chunks (
    session uuid not null,
    operation uuid not null,
    number integer not null,
    at timestamptz not null,
    payload bytea not null,
    constraint recording_chunks_pkey primary key (session, operation, number),
    constraint recording_chunks_number_range check (number >= 0),
    constraint recording_chunks_payload_size check (octet_length(payload) <= 131072)
  )`;

// A replica that has not been seen for a while is marked dead once, and never comes back under the same id.
const replicas = `
  create table replicas (
    id uuid constraint replicas_pkey primary key,
    started_at timestamptz not null default now(),
    seen_at timestamptz not null default now(),
    dead_at timestamptz
  )`;

// Which replica a session lives on: when that replica dies, somebody else writes the session's end.
const homes = `
  create table session_homes (
    session uuid constraint session_homes_pkey primary key,
    replica uuid not null,
    at timestamptz not null default now()
  )`;

/** Masked responses in chunks, and the replicas that record. */
export class Recording1795254360000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(chunks);
    await runner.query(`
      create trigger recording_chunks_insert_only before update or delete or truncate on recording_chunks
        for each statement execute function evidence_refuse_change();
      alter table recording_chunks enable always trigger recording_chunks_insert_only`);
    await runner.query('grant select, insert on recording_chunks to sallyport_recorder');
    await runner.query('grant select on recording_chunks to sallyport_app');
    await runner.query(replicas);
    await runner.query(homes);
    await runner.query('create index session_homes_replica on session_homes (replica)');
    await runner.query('grant select, insert on session_homes to sallyport_recorder');
    await runner.query('grant select, delete on session_homes to sallyport_app');
    await runner.query('grant select, insert, update (seen_at, dead_at), delete on replicas to sallyport_app');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table session_homes, replicas, recording_chunks');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

// Who is connected now, over all replicas: what limits on concurrent sessions count. A replica renews `seen_at` of its
// sessions; rows that nobody renews are those of a replica that died.
const sessions = `
  create table gateway_sessions (
    id uuid constraint gateway_sessions_pkey primary key,
    ticket_id uuid not null,
    connection_id uuid not null,
    end_requested boolean not null default false,
    seen_at timestamptz not null default now()
  )`;

export class Gateway1795254480000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(sessions);
    await runner.query('create index gateway_sessions_ticket on gateway_sessions (ticket_id)');
    await runner.query('create index gateway_sessions_connection on gateway_sessions (connection_id)');
    await runner.query(
      'grant select, insert, update (seen_at, end_requested), delete on gateway_sessions to sallyport_app',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table gateway_sessions');
  }
}

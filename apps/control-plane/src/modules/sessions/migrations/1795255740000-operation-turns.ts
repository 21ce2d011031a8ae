import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What ties an operation to a turn, and to the target's own log. Entries that were projected before have none of it until
 * the tables are made anew (`POST /v1/sessions/rebuild`).
 */
export class OperationTurns1795255740000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`alter table operations add column join_key text, add column scoped text, add column ai_client text,
      add column ai_session text, add column turn text, add column tool_call text`);
    await runner.query(
      'create index operations_ai_session on operations (ai_session, ai_client, seq) where ai_session is not null',
    );
    await runner.query('create index sessions_ticket on sessions (ticket_id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index sessions_ticket');
    await runner.query('drop index operations_ai_session');
    await runner.query(`alter table operations drop column join_key, drop column scoped, drop column ai_client,
      drop column ai_session, drop column turn, drop column tool_call`);
  }
}

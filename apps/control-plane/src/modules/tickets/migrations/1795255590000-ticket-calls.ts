import type { MigrationInterface, QueryRunner } from 'typeorm';

const statements = [
  // command_hmac: what the call was matched by, compared with what witnesses tell of it; null where no command was told.
  `alter table tickets
     add column ai_client text,
     add column agent text,
     add column ai_tool_call_id uuid constraint tickets_tool_call_fkey references ai_tool_calls (id),
     add column command_hmac bytea,
     add column ambiguous boolean not null default false,
     add column outlives_call boolean not null default false,
     add constraint tickets_command_hmac_size check (octet_length(command_hmac) = 32),
     add constraint tickets_matched check (ai_tool_call_id is not null or command_hmac is null and not ambiguous and not outlives_call)`,
  'create index tickets_ai_session on tickets (person_id, ai_session, ai_client) where ai_session is not null',
  'create index tickets_tool_call on tickets (ai_tool_call_id) where ai_tool_call_id is not null',
  'alter table reviews add column assurance text',
];

/** Tickets of one tool call, as witnesses have told of it; and how sure a review's prompt is. */
export class TicketCalls1795255590000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table reviews drop column assurance');
    await runner.query('drop index tickets_tool_call, tickets_ai_session');
    await runner.query(
      `alter table tickets drop column ai_client, drop column agent, drop column ai_tool_call_id, drop column command_hmac,
         drop column ambiguous, drop column outlives_call`,
    );
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

const statements = [
  // The keys are digests: see turn-key.ts. Nothing here says who did what; the evidence does.
  `create table turn_states (
     key text constraint turn_states_pkey primary key,
     writes bigint not null default 0,
     untrusted boolean not null default false,
     touched_at timestamptz not null default now(),
     constraint turn_states_key_shape check (key ~ '^[0-9a-f]{64}$'),
     constraint turn_states_writes check (writes >= 0)
   )`,
  'create index turn_states_touched on turn_states (touched_at)',
  `create table turn_refusals (
     key text not null,
     connection_id uuid not null,
     digest text not null,
     code text not null,
     message text not null,
     at timestamptz not null default now(),
     constraint turn_refusals_pkey primary key (key, connection_id, digest),
     constraint turn_refusals_key_shape check (key ~ '^[0-9a-f]{64}$'),
     constraint turn_refusals_digest_shape check (digest ~ '^[0-9a-f]{64}$')
   )`,
  'create index turn_refusals_at on turn_refusals (at)',
  'grant select, insert, update, delete on turn_states, turn_refusals to sallyport_app',
  // Whose names the AI session, the turn and the tool call are.
  'alter table reviews add column ai_client text',
  `create index reviews_rejected_in_turn on reviews (requester_id, turn, operation_digest, settled_at desc)
     where state = 'rejected' and turn is not null`,
];

/** What has happened in a turn, for policies that ask; and what was refused in it, so that nobody is asked again. */
export class Turns1795255560000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index reviews_rejected_in_turn');
    await runner.query('alter table reviews drop column ai_client');
    await runner.query('drop table turn_refusals, turn_states');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

// What an agent found out last about its login at each database that it offers: names, never a value of the target.
const selfChecks = `
  create table self_checks (
    agent_id uuid not null constraint self_checks_agent_fkey references agents (id),
    target text not null,
    database text not null,
    received_at timestamptz not null,
    problems jsonb not null,
    more integer not null,
    failure jsonb,
    constraint self_checks_pkey primary key (agent_id, target, database),
    constraint self_checks_problems_shape check (jsonb_typeof(problems) = 'array'),
    constraint self_checks_more check (more >= 0)
  )`;

export class SelfChecks1795254660000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(selfChecks);
    await runner.query('grant select, insert, update, delete on self_checks to sallyport_app');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table self_checks');
  }
}

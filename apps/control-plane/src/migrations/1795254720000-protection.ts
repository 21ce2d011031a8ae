import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whether sessions wait until the target agrees that the agent's login may do no more than it should, and what it may. */
export class Protection1795254720000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table connections
        add column require_protected boolean not null default false,
        add column accepted_problems text[] not null default '{}'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table connections drop column require_protected, drop column accepted_problems');
  }
}

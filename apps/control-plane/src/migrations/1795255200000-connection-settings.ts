import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What only some protocols have: the regions, accounts and role of an AWS connection. */
export class ConnectionSettings1795255200000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `alter table connections add column settings jsonb not null default '{}',
         add constraint connections_settings check (jsonb_typeof(settings) = 'object')`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table connections drop column settings');
  }
}

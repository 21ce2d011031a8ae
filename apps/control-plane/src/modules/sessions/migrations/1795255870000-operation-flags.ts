import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What to look at in a model's answer. Entries that were projected before have none: none was on record. */
export class OperationFlags1795255870000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table operations add column flags text[]');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table operations drop column flags');
  }
}

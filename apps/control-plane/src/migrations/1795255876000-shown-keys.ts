import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a review shows of a prompt is sealed under another key than the session's. */
export class ShownKeys1795255876000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table reviews add column shown_key text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table reviews drop column shown_key');
  }
}

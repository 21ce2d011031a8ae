import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A key may end with another one, its parent: what was said to models can then be forgotten sooner than the rest. */
export class KeyParents1795255872000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'alter table session_keys add column parent text constraint session_keys_parent_fkey references session_keys (id)',
    );
    await runner.query(
      'create index session_keys_parent on session_keys (parent) where parent is not null and wrapped is not null',
    );
    await runner.query(
      'create index session_keys_within on session_keys (created_at, id) where parent is not null and wrapped is not null',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table session_keys drop column parent');
  }
}

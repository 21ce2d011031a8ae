import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Masking rules by field path: answers that are documents have no columns. */
export class FieldRules1795255260000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `alter table masking_rules drop constraint masking_rules_kind,
         add constraint masking_rules_kind check (kind in ('column', 'detector', 'field'))`,
    );
  }

  /** Refuses while there is such a rule: it would otherwise hide nothing any more without a word. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      `alter table masking_rules drop constraint masking_rules_kind,
         add constraint masking_rules_kind check (kind in ('column', 'detector'))`,
    );
  }
}

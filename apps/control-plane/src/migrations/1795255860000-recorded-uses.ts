import type { MigrationInterface, QueryRunner } from 'typeorm';

// What may be used once is taken in the commit that puts its operation on record: by the role that writes there. Replicas of
// the release before still take it as the other one.
export class RecordedUses1795255860000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('grant select, insert, update (attempts) on single_uses to sallyport_recorder');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('revoke select, insert, update (attempts) on single_uses from sallyport_recorder');
  }
}

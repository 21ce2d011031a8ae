import type { MigrationInterface, QueryRunner } from 'typeorm';

// What may be used once, over all replicas: signatures of requests that change something. Only hashes, and only as long as
// what they stand for could be used.
const uses = `
  create table single_uses (
    key bytea constraint single_uses_pkey primary key,
    origin bytea not null,
    attempts bytea[] not null,
    first_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null,
    constraint single_uses_hashed check (octet_length(key) = 32 and octet_length(origin) = 32)
  )`;

export class SingleUses1795255680000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(uses);
    await runner.query('create index single_uses_expiry on single_uses (expires_at)');
    await runner.query('grant select, insert, update (attempts), delete on single_uses to sallyport_app');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table single_uses');
  }
}

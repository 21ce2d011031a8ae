import type { MigrationInterface, QueryRunner } from 'typeorm';

// The first key of a log is in evidence_logs. The digest finds the entry that put the key in force.
const keys = `
  create table evidence_log_keys (
    log integer not null constraint evidence_log_keys_log_fkey references evidence_logs (id),
    number integer not null,
    verifier_key text not null constraint evidence_log_keys_verifier_key unique,
    wrapped_signing_key bytea not null,
    rotation text not null,
    body_digest bytea not null constraint evidence_log_keys_body_digest unique,
    created_at timestamptz not null default now(),
    constraint evidence_log_keys_pkey primary key (log, number),
    constraint evidence_log_keys_number_range check (number >= 2),
    constraint evidence_log_keys_body_digest_size check (octet_length(body_digest) = 32)
  )`;

/** Keys that a log was given after its first one. */
export class LogKeys1795254600000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(keys);
    await runner.query(`
      create trigger evidence_log_keys_insert_only before update or delete or truncate on evidence_log_keys
        for each statement execute function evidence_refuse_change();
      alter table evidence_log_keys enable always trigger evidence_log_keys_insert_only`);
    await runner.query('grant select, insert on evidence_log_keys to sallyport_app');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table evidence_log_keys');
  }
}

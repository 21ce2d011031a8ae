import type { MigrationInterface, QueryRunner } from 'typeorm';

// A version is what decisions and evidence name: once written, it keeps its meaning.
const versions = `
  create table policy_versions (
    version integer constraint policy_versions_pkey primary key,
    text text not null,
    digest text not null,
    comment text not null default '',
    author_id uuid,
    author_name text not null,
    created_at timestamptz not null default now(),
    constraint policy_versions_range check (version >= 1),
    constraint policy_versions_text_size check (octet_length(text) <= 262144),
    constraint policy_versions_digest_shape check (digest ~ '^[0-9a-f]{64}$'),
    constraint policy_versions_comment_length check (length(comment) <= 500)
  )`;

const active = `
  create table policy_active (
    only_row boolean constraint policy_active_pkey primary key default true,
    version integer not null constraint policy_active_version_fkey references policy_versions (version),
    activated_at timestamptz not null default now(),
    constraint policy_active_only_row check (only_row)
  )`;

const insertOnly = `
  create function policy_versions_refuse_change() returns trigger language plpgsql as $$
  begin
    raise exception 'a version of the policies cannot be changed' using errcode = 'insufficient_privilege';
  end $$;
  create trigger policy_versions_insert_only before update or delete or truncate on policy_versions
    for each statement execute function policy_versions_refuse_change();
  alter table policy_versions enable always trigger policy_versions_insert_only`;

/** Every version of the policies there ever was, and which one is in force. */
export class Policies1795254120000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [versions, active, insertOnly]) await runner.query(statement);
    await runner.query('grant select, insert on policy_versions to sallyport_app');
    await runner.query('grant select, insert, update on policy_active to sallyport_app');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table policy_active, policy_versions');
    await runner.query('drop function policy_versions_refuse_change()');
  }
}

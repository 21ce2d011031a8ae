import type { MigrationInterface, QueryRunner } from 'typeorm';

const serviceRoles = ['sallyport_app', 'sallyport_recorder', 'sallyport_keys'] as const;

// Roles belong to the whole server: another database of it may be creating the same ones at this moment.
const ensureRole = (role: string): string => `
  do $$
  begin
    if not exists (select from pg_roles where rolname = '${role}') then
      create role ${role} nologin;
    end if;
  exception when duplicate_object or unique_violation then null;
  end $$`;

// From PostgreSQL 16 on, whoever creates a role is its member without the right to become it: that is granted here.
const ensureMembership = (role: string): string => `
  do $$
  declare becoming text := case when current_setting('server_version_num')::int >= 160000 then 'SET' else 'MEMBER' end;
  begin
    if not pg_has_role(current_user, '${role}', becoming) then
      execute format('grant ${role} to %I', current_user);
    end if;
  end $$`;

/**
 * The roles that the product works as. It logs in as one role and steps down: `sallyport_app` for everything,
 * `sallyport_recorder` writes evidence and can change none of it, `sallyport_keys` alone reads session keys.
 * Every later migration grants its own tables to them, privilege by privilege.
 */
export class Foundation1795254000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const role of serviceRoles) {
      await runner.query(ensureRole(role));
      await runner.query(ensureMembership(role));
      await runner.query(`grant usage on schema public to ${role}`);
    }
    await runner.query(`
      create table idempotency_keys (
        person_id uuid not null,
        key text not null,
        route text not null,
        request_digest text not null,
        status integer,
        response text,
        created_at timestamptz not null default now(),
        constraint idempotency_keys_pkey primary key (person_id, key),
        constraint idempotency_keys_key_length check (length(key) between 1 and 200)
      )`);
    await runner.query('create index idempotency_keys_created_at on idempotency_keys (created_at)');
    await runner.query('grant select, insert, update, delete on idempotency_keys to sallyport_app');
    await runner.query(`
      create table http_sessions (
        sid text constraint http_sessions_pkey primary key,
        sess json not null,
        expire timestamptz not null
      )`);
    await runner.query('create index http_sessions_expire on http_sessions (expire)');
    await runner.query('grant select, insert, update, delete on http_sessions to sallyport_app');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table http_sessions');
    await runner.query('drop table idempotency_keys');
    // The roles stay: other databases of this server may use them.
  }
}

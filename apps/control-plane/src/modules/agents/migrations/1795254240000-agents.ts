import type { MigrationInterface, QueryRunner } from 'typeorm';

// One row for ever: agents and clients pin this certificate.
const authority = `
  create table certificate_authority (
    only_row boolean constraint certificate_authority_pkey primary key default true,
    certificate text not null,
    sealed_key bytea not null,
    created_at timestamptz not null default now(),
    constraint certificate_authority_only_row check (only_row)
  )`;

const agents = `
  create table agents (
    id uuid constraint agents_pkey primary key,
    name text not null,
    version text not null,
    witness_key text not null,
    targets jsonb not null default '[]',
    enrolled_at timestamptz not null,
    last_seen_at timestamptz not null,
    linked_until timestamptz,
    revoked_at timestamptz,
    constraint agents_name_shape check (name ~ '^[a-z][a-z0-9-]{0,62}$'),
    constraint agents_witness_key_size check (length(witness_key) <= 1000),
    constraint agents_version_size check (length(version) <= 100)
  );
  create unique index agents_name_key on agents (name) where revoked_at is null`;

const certificates = `
  create table agent_certificates (
    serial text constraint agent_certificates_pkey primary key,
    agent_id uuid not null constraint agent_certificates_agent_fkey references agents (id),
    not_after timestamptz not null,
    issued_at timestamptz not null,
    revoked_at timestamptz,
    constraint agent_certificates_serial_shape check (serial ~ '^[0-9a-f]{1,40}$')
  );
  create index agent_certificates_agent on agent_certificates (agent_id, not_after)`;

const keys = `
  create table enrolment_keys (
    id text constraint enrolment_keys_pkey primary key,
    secret_hash text not null,
    name text not null,
    created_by uuid not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz,
    agent_id uuid constraint enrolment_keys_agent_fkey references agents (id),
    constraint enrolment_keys_secret_hash_shape check (secret_hash ~ '^[0-9a-f]{64}$'),
    constraint enrolment_keys_period check (expires_at > created_at),
    constraint enrolment_keys_use check ((used_at is null) = (agent_id is null))
  )`;

// What has ended stays ended, whoever asks.
const finality = `
  create function agents_stay_revoked() returns trigger language plpgsql as $$
  begin
    if old.revoked_at is not null and new.revoked_at is distinct from old.revoked_at then
      raise exception 'a revocation is final' using errcode = 'insufficient_privilege';
    end if;
    return new;
  end $$;
  create trigger agents_stay_revoked before update on agents for each row execute function agents_stay_revoked();
  create trigger agent_certificates_stay_revoked before update on agent_certificates for each row execute function agents_stay_revoked();
  create function enrolment_keys_once() returns trigger language plpgsql as $$
  begin
    if old.used_at is not null then
      raise exception 'an enrolment key is used once' using errcode = 'insufficient_privilege';
    end if;
    return new;
  end $$;
  create trigger enrolment_keys_once before update on enrolment_keys for each row execute function enrolment_keys_once()`;

/** The built-in authority, the agents it vouches for, and the one-time keys by which they come. */
export class Agents1795254240000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [authority, agents, certificates, keys, finality]) await runner.query(statement);
    await runner.query('grant select, insert on certificate_authority to sallyport_app');
    await runner.query('grant select, insert, update on agents, agent_certificates, enrolment_keys to sallyport_app');
    await runner.query('grant delete on enrolment_keys to sallyport_app');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table enrolment_keys, agent_certificates, agents, certificate_authority');
    await runner.query('drop function agents_stay_revoked(), enrolment_keys_once()');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

const people = `
  create table people (
    id uuid constraint people_pkey primary key,
    issuer text not null,
    subject text not null,
    class text not null,
    name text not null,
    email text,
    email_verified boolean not null default false,
    roles text[] not null default '{}',
    disabled_at timestamptz,
    created_at timestamptz not null,
    last_seen_at timestamptz not null,
    constraint people_issuer_subject_key unique (issuer, subject),
    constraint people_class check (class in ('person', 'machine', 'ai')),
    constraint people_roles check (roles <@ array['admin', 'reviewer', 'auditor', 'user']),
    constraint people_machines_settle_nothing check (class = 'person' or not 'reviewer' = any (roles)),
    constraint people_ai_uses_only check (class <> 'ai' or roles <@ array['user'])
  )`;

const serviceAccounts = `
  create table service_accounts (
    id uuid constraint service_accounts_pkey primary key constraint service_accounts_person_fkey references people (id),
    name text not null constraint service_accounts_name_key unique,
    description text not null default '',
    groups text[] not null default '{}',
    owner_id uuid not null constraint service_accounts_owner_fkey references people (id),
    client_subject text constraint service_accounts_client_subject_key unique,
    secret_hash text constraint service_accounts_secret_hash_key unique,
    secret_made_at timestamptz,
    deleted_at timestamptz,
    constraint service_accounts_name_shape check (name ~ '^[a-z][a-z0-9-]{0,62}$'),
    constraint service_accounts_secret_hash_shape check (secret_hash ~ '^[0-9a-f]{64}$')
  )`;

const grants = `
  create table login_grants (
    id uuid constraint login_grants_pkey primary key,
    person_id uuid not null constraint login_grants_person_fkey references people (id),
    login_key text not null,
    method text not null,
    groups text[] not null default '{}',
    started_at timestamptz not null,
    expires_at timestamptz not null,
    ended_at timestamptz,
    end_reason text,
    constraint login_grants_method check (method in ('bearer', 'cookie', 'service-account')),
    constraint login_grants_period check (expires_at > started_at),
    constraint login_grants_end check ((ended_at is null) = (end_reason is null))
  )`;

const tickets = `
  create table tickets (
    id uuid constraint tickets_pkey primary key,
    secret_hash text not null constraint tickets_secret_hash_key unique,
    person_id uuid not null constraint tickets_person_fkey references people (id),
    grant_id uuid not null constraint tickets_grant_fkey references login_grants (id),
    connection_id uuid not null constraint tickets_connection_fkey references connections (id),
    ai_session text,
    turn text,
    tool_call text,
    assurance text not null,
    max_sessions integer not null,
    issued_at timestamptz not null,
    expires_at timestamptz not null,
    revoked_at timestamptz,
    constraint tickets_secret_hash_shape check (secret_hash ~ '^[0-9a-f]{64}$'),
    constraint tickets_short_lived check (expires_at > issued_at and expires_at <= issued_at + interval '15 minutes'),
    constraint tickets_assurance check (assurance in ('identity', 'inferred', 'ticketed', 'bound')),
    constraint tickets_max_sessions check (max_sessions between 1 and 1000)
  )`;

const connections = `
  create table connections (
    id uuid constraint connections_pkey primary key,
    name text not null,
    version integer not null default 1,
    protocol text not null,
    target text not null,
    databases text[] not null,
    labels text[] not null default '{}',
    record_responses boolean not null default false,
    max_sessions integer not null default 50,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz,
    constraint connections_name_shape check (name ~ '^[a-z][a-z0-9-]{0,62}$'),
    constraint connections_max_sessions check (max_sessions between 1 and 10000),
    constraint connections_version check (version >= 1)
  )`;

// A rule outlives no connection: its sessions are ended, and a new connection of the same name is a new one.
const maskingRules = `
  create table masking_rules (
    id text constraint masking_rules_pkey primary key,
    connection_id uuid constraint masking_rules_connection_fkey references connections (id),
    kind text not null,
    pattern text not null,
    action text not null,
    exempt_groups text[] not null default '{}',
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint masking_rules_id_shape check (id ~ '^[a-z][a-z0-9-]{0,62}$'),
    constraint masking_rules_kind check (kind in ('column', 'detector')),
    constraint masking_rules_action check (action in ('redact', 'partial', 'hash', 'null'))
  )`;

const maskingVersion = `
  create table masking_version (
    only_row boolean constraint masking_version_pkey primary key default true,
    version bigint not null default 1,
    constraint masking_version_only_row check (only_row)
  )`;

const indexes = [
  `create unique index people_email on people (lower(email), id) where email_verified`,
  `create index login_grants_key on login_grants (login_key, started_at desc)`,
  `create unique index login_grants_one_open on login_grants (login_key) where ended_at is null`,
  `create index login_grants_open on login_grants (person_id) where ended_at is null`,
  `create index tickets_person on tickets (person_id, id)`,
  `create unique index connections_name_key on connections (name) where deleted_at is null`,
];

const writable = ['people', 'service_accounts', 'login_grants', 'tickets', 'connections'];

/** Who may come in (people, service accounts, their logins and tickets) and where to (connections, masking rules). */
export class Identity1795254060000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [
      people,
      serviceAccounts,
      grants,
      connections,
      tickets,
      maskingRules,
      maskingVersion,
      ...indexes,
    ])
      await runner.query(statement);
    await runner.query('insert into masking_version default values');
    await runner.query(`grant select, insert, update on ${writable.join(', ')} to sallyport_app`); // nothing here is ever deleted
    await runner.query('grant select, insert, update, delete on masking_rules to sallyport_app');
    await runner.query('grant select, update on masking_version to sallyport_app');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'drop table masking_version, masking_rules, tickets, connections, login_grants, service_accounts, people',
    );
  }
}

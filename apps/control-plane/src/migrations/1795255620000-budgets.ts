import type { MigrationInterface, QueryRunner } from 'typeorm';

const budgets = `
  create table budgets (
    name text constraint budgets_pkey primary key,
    applies_kind text not null,
    applies_value text,
    per text not null,
    time_window text not null,
    models text[] not null default '{}',
    limit_tokens bigint,
    limit_micro_usd bigint,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint budgets_name_shape check (name ~ '^[a-z][a-z0-9-]{0,62}$'),
    constraint budgets_applies_kind check (applies_kind in ('everybody', 'identity', 'group', 'ai-session', 'connection')),
    constraint budgets_applies_value check ((applies_kind = 'everybody') = (applies_value is null)),
    constraint budgets_per check (per in ('identity', 'group', 'ai-session', 'whole')),
    constraint budgets_time_window check (time_window in ('hour', 'day', 'week', 'month', 'ai-session')),
    constraint budgets_lifetime_of_sessions check (time_window <> 'ai-session' or per = 'ai-session'),
    constraint budgets_limits check (coalesce(limit_tokens, limit_micro_usd) is not null and least(limit_tokens, limit_micro_usd) >= 0)
  )`;

// What was used, and what calls that run may still use: one number, so that a call that nobody settles stays counted.
const uses = `
  create table budget_uses (
    id bigint generated always as identity constraint budget_uses_pkey primary key,
    budget text not null constraint budget_uses_budget_fkey references budgets (name) on delete cascade,
    subject text not null,
    window_start timestamptz not null,
    tokens bigint not null default 0,
    micro_usd bigint not null default 0,
    updated_at timestamptz not null default now(),
    constraint budget_uses_key unique (budget, subject, window_start),
    constraint budget_uses_counts check (tokens >= 0 and micro_usd >= 0)
  )`;

// What of a count is only reserved. Without the row the count stays as it is.
const reservations = `
  create table budget_reservations (
    id uuid not null,
    use_id bigint not null constraint budget_reservations_use_fkey references budget_uses (id) on delete cascade,
    tokens bigint not null,
    micro_usd bigint not null,
    made_at timestamptz not null default now(),
    constraint budget_reservations_pkey primary key (id, use_id),
    constraint budget_reservations_amounts check (tokens >= 0 and micro_usd >= 0)
  )`;

const prices = `
  create table model_prices (
    pattern text not null,
    over_tokens bigint not null default 0,
    input double precision not null,
    output double precision not null,
    cache_read double precision not null,
    cache_write double precision not null,
    constraint model_prices_pkey primary key (pattern, over_tokens),
    constraint model_prices_over check (over_tokens >= 0),
    constraint model_prices_amounts check (least(input, output, cache_read, cache_write) >= 0)
  )`;

const version = (table: string): string => `
  create table ${table} (
    only_row boolean constraint ${table}_pkey primary key default true,
    version bigint not null default 1,
    constraint ${table}_only_row check (only_row)
  )`;

// All or nothing, over all replicas: the counts are locked, in one order, before they are looked at. Answers the first
// budget that has no room, and nothing when it was taken. Limits are read here, so that a change acts at once; a budget
// that was deleted meanwhile takes part no more.
const reserve = `
  create function budgets_reserve(
    reservation uuid, of_budgets text[], of_subjects text[], of_starts timestamptz[], wanted_tokens bigint, wanted_micro_usd bigint
  ) returns table (budget text, left_tokens bigint, left_micro_usd bigint) language plpgsql as $$
  #variable_conflict use_column
  declare
    counted bigint[];
  begin
    insert into budget_uses (budget, subject, window_start)
      select a.budget, a.subject, a.start from unnest(of_budgets, of_subjects, of_starts) as a (budget, subject, start)
        join budgets b on b.name = a.budget
        where not exists (select from budget_uses u where u.budget = a.budget and u.subject = a.subject and u.window_start = a.start)
        order by a.budget, a.subject, a.start for key share of b
      on conflict do nothing;
    select array_agg(locked.id) into counted from (
      select u.id from budget_uses u
        join unnest(of_budgets, of_subjects, of_starts) as a (budget, subject, start)
          on u.budget = a.budget and u.subject = a.subject and u.window_start = a.start
        order by u.budget, u.subject, u.window_start for update of u) locked;
    return query
      select b.name, b.limit_tokens - u.tokens, b.limit_micro_usd - u.micro_usd
        from budget_uses u join budgets b on b.name = u.budget
        where u.id = any (counted) and (u.tokens + wanted_tokens > b.limit_tokens
          or (b.limit_micro_usd is not null and coalesce(u.micro_usd + wanted_micro_usd > b.limit_micro_usd, true)))
        order by b.name limit 1;
    if found then return; end if;
    update budget_uses u set tokens = u.tokens + wanted_tokens, micro_usd = u.micro_usd + coalesce(wanted_micro_usd, 0), updated_at = now()
      where u.id = any (counted);
    insert into budget_reservations (id, use_id, tokens, micro_usd)
      select reservation, one, wanted_tokens, coalesce(wanted_micro_usd, 0) from unnest(counted) as one;
  end $$`;

const settle = `
  create function budgets_settle(reservation uuid, used_tokens bigint, used_micro_usd bigint) returns void language plpgsql as $$
  begin
    perform from budget_uses u join budget_reservations r on r.use_id = u.id where r.id = reservation
      order by u.budget, u.subject, u.window_start for update of u;
    with settled as (delete from budget_reservations r where r.id = reservation returning r.use_id, r.tokens, r.micro_usd)
      update budget_uses u set tokens = u.tokens - s.tokens + used_tokens,
          micro_usd = u.micro_usd - s.micro_usd + coalesce(used_micro_usd, s.micro_usd), updated_at = now()
        from settled s where u.id = s.use_id;
  end $$`;

const functions = ['budgets_reserve', 'budgets_settle'];

/** What may be used of models, what has been, and what models cost. */
export class Budgets1795255620000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const tables = [budgets, uses, reservations, prices, version('budgets_version'), version('model_prices_version')];
    for (const statement of [...tables, reserve, settle]) await runner.query(statement);
    await runner.query('create index budget_reservations_use on budget_reservations (use_id)');
    await runner.query('create index budget_reservations_made on budget_reservations (made_at)');
    await runner.query('create index budget_uses_updated on budget_uses (updated_at)');
    for (const table of ['budgets_version', 'model_prices_version']) {
      await runner.query(`insert into ${table} default values`);
      await runner.query(`grant select, update on ${table} to sallyport_app`);
    }
    for (const table of ['budgets', 'budget_uses', 'budget_reservations', 'model_prices'])
      await runner.query(`grant select, insert, update, delete on ${table} to sallyport_app`);
    for (const name of functions) {
      await runner.query(`revoke all on function ${name} from public`);
      await runner.query(`grant execute on function ${name} to sallyport_app`);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const name of functions) await runner.query(`drop function ${name}`);
    await runner.query(
      'drop table budgets_version, model_prices_version, model_prices, budget_reservations, budget_uses, budgets',
    );
  }
}

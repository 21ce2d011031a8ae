import type { MigrationInterface, QueryRunner } from 'typeorm';

// `shown` is what reviewers read, sealed under the session's key: it is gone when that key is destroyed.
const reviews = `
  create table reviews (
    id uuid constraint reviews_pkey primary key,
    state text not null default 'pending',
    binding text not null,
    operation_digest text not null,
    session_id uuid not null,
    operation_id uuid not null,
    requester_id uuid not null,
    requester_class text not null,
    requester_name text not null,
    behind uuid[] not null default '{}',
    ai_session text,
    turn text,
    tool_call text,
    connection_id uuid not null,
    connection_name text not null,
    database text not null,
    action text not null,
    risk text not null,
    resources text[] not null default '{}',
    shown bytea not null,
    policies text[] not null,
    policy_version integer not null,
    groups text[] not null,
    approvals integer not null,
    timeout_ms integer not null,
    on_timeout text not null,
    message text,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    settled_at timestamptz,
    constraint reviews_state check (state in ('pending', 'approved', 'rejected', 'expired', 'consumed')),
    constraint reviews_settled check ((state = 'pending') = (settled_at is null)),
    constraint reviews_binding_shape check (binding ~ '^[0-9a-f]{64}$'),
    constraint reviews_operation_digest_shape check (operation_digest ~ '^[0-9a-f]{64}$'),
    constraint reviews_groups check (cardinality(groups) >= 1),
    constraint reviews_approvals check (approvals between 1 and 20),
    constraint reviews_on_timeout check (on_timeout in ('deny', 'allow')),
    constraint reviews_period check (expires_at > created_at and timeout_ms between 1 and 86400000)
  )`;

const votes = `
  create table review_votes (
    review_id uuid not null constraint review_votes_review_fkey references reviews (id),
    voter_id uuid not null,
    voter_class text not null,
    voter_name text not null,
    groups text[] not null,
    verdict text not null,
    reason text not null,
    at timestamptz not null default now(),
    constraint review_votes_pkey primary key (review_id, voter_id),
    constraint review_votes_person check (voter_class = 'person'),
    constraint review_votes_groups check (cardinality(groups) >= 1),
    constraint review_votes_verdict check (verdict in ('approve', 'reject')),
    constraint review_votes_reason check (length(reason) between 1 and 1000)
  )`;

// The state machine of libs/reviews once more, where no code of the application can forget it.
const transitions = `
  create function reviews_check_change() returns trigger language plpgsql as $$
  declare
    approving integer;
    heard text[];
  begin
    if (new.id, new.binding, new.operation_digest, new.requester_id, new.behind, new.groups, new.approvals, new.on_timeout, new.timeout_ms, new.shown)
       is distinct from
       (old.id, old.binding, old.operation_digest, old.requester_id, old.behind, old.groups, old.approvals, old.on_timeout, old.timeout_ms, old.shown) then
      raise exception 'what a review is about cannot be changed' using errcode = 'check_violation', constraint = 'reviews_immutable';
    end if;
    if new.state = old.state then
      return new;
    end if;
    if not (old.state, new.state) in (('pending', 'approved'), ('pending', 'rejected'), ('pending', 'expired'), ('approved', 'consumed'), ('approved', 'expired')) then
      raise exception 'a review that is % cannot become %', old.state, new.state using errcode = 'check_violation', constraint = 'reviews_transition';
    end if;
    if new.state = 'consumed' and old.expires_at <= now() then
      raise exception 'the approval was not used in time' using errcode = 'check_violation', constraint = 'reviews_in_time';
    end if;
    if new.state = 'approved' then
      select count(*) into approving from review_votes where review_id = new.id and verdict = 'approve';
      select coalesce(array_agg(named), '{}') into heard from review_votes, unnest(groups) named where review_id = new.id and verdict = 'approve';
      if approving < new.approvals or not new.groups <@ heard or exists (select from review_votes where review_id = new.id and verdict = 'reject') then
        raise exception 'the votes do not approve this review' using errcode = 'check_violation', constraint = 'reviews_enough_votes';
      end if;
    end if;
    return new;
  end $$;
  create trigger reviews_check_change before update on reviews for each row execute function reviews_check_change();
  alter table reviews enable always trigger reviews_check_change`;

const voters = `
  create function review_votes_check_voter() returns trigger language plpgsql as $$
  declare
    asked reviews;
  begin
    select * into asked from reviews where id = new.review_id for update;
    if asked.state <> 'pending' or asked.expires_at <= now() then
      raise exception 'this review is over' using errcode = 'check_violation', constraint = 'review_votes_pending';
    end if;
    if new.voter_id = asked.requester_id or new.voter_id = any (asked.behind) then
      raise exception 'nobody settles what he asked for' using errcode = 'check_violation', constraint = 'review_votes_not_requester';
    end if;
    if not new.groups <@ asked.groups then
      raise exception 'a vote counts for groups that were asked' using errcode = 'check_violation', constraint = 'review_votes_asked_groups';
    end if;
    return new;
  end $$;
  create trigger review_votes_check_voter before insert on review_votes for each row execute function review_votes_check_voter();
  alter table review_votes enable always trigger review_votes_check_voter`;

const indexes = [
  // Two replicas that ask for the same at once get one review between them.
  `create unique index reviews_one_open on reviews (binding) where state in ('pending', 'approved')`,
  `create index reviews_open on reviews (expires_at) where state in ('pending', 'approved')`,
  `create index reviews_rejected on reviews (binding, settled_at desc) where state = 'rejected'`,
  `create index reviews_requester on reviews (requester_id, id desc)`,
  `create index reviews_session on reviews (session_id)`,
  `create index review_votes_voter on review_votes (voter_id, at)`,
];

/** Requests for approval and the votes on them. */
export class Reviews1795254180000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [reviews, votes, transitions, voters, ...indexes]) await runner.query(statement);
    await runner.query('grant select, insert, update (state, expires_at, settled_at) on reviews to sallyport_app');
    await runner.query('grant select, insert on review_votes to sallyport_app');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table review_votes, reviews');
    await runner.query('drop function reviews_check_change(), review_votes_check_voter()');
  }
}

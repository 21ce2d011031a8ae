import type { MigrationInterface, QueryRunner } from 'typeorm';

const sessionsCheck = (further: string): string => `
  create or replace function ai_sessions_check_change() returns trigger language plpgsql as $$
  begin
    if (new.id, new.person_id, new.client, new.client_session) is distinct from (old.id, old.person_id, old.client, old.client_session) then
      raise exception 'whose AI session it is cannot be changed' using errcode = 'check_violation', constraint = 'ai_sessions_immutable';
    end if;
    if old.killed_at is not null and (new.killed_at, new.killed_by, new.kill_reason) is distinct from (old.killed_at, old.killed_by, old.kill_reason) then
      raise exception 'an AI session that was ended for good stays so' using errcode = 'check_violation', constraint = 'ai_sessions_killed_for_good';
    end if;
    ${further}
    return new;
  end $$`;

// What a request to a model shows, placed by somebody who knew the session at one version: all of it or, where anything has
// been told meanwhile or the session was ended for good, nothing. Answers the version afterwards, null where nothing was done.
const hear = `
  create function ai_sessions_hear(
    of_session uuid, known_version bigint, of_person uuid, of_client text, of_client_session text, heard_at timestamptz,
    in_turn uuid, begins boolean, turn_name text, turn_named boolean, turn_origin text, turn_parent uuid, reopens boolean,
    by_request uuid, confirms integer[],
    message_seq integer, message_kind text, message_text bytea, message_bytes integer, message_hmac bytea, message_expands integer,
    entry_event text, entry_at timestamptz, entry_envelope text, entry_nonce bytea, entry_body_digest bytea, entry_body bytea, entry_key text
  ) returns bigint language plpgsql as $$
  declare
    version_now bigint;
  begin
    if known_version is null then
      insert into ai_sessions (id, person_id, client, client_session, first_seen_at, last_seen_at)
        values (of_session, of_person, of_client, of_client_session, heard_at, heard_at)
        on conflict on constraint ai_sessions_client_key do nothing returning version into version_now;
    else
      update ai_sessions set last_seen_at = greatest(last_seen_at, heard_at)
        where id = of_session and version = known_version and killed_at is null returning version into version_now;
    end if;
    if version_now is null then return null; end if;
    perform set_config('synchronous_commit', 'on', true);
    if begins or reopens then
      update ai_turns set ended_at = heard_at where ai_session_id = of_session and ended_at is null;
    end if;
    if begins then
      insert into ai_turns (id, ai_session_id, client_turn, named, origin, parent_turn_id, last_request, started_at)
        values (in_turn, of_session, turn_name, turn_named, turn_origin, turn_parent, by_request, heard_at);
    elsif reopens or by_request is not null then
      update ai_turns set ended_at = case when reopens then null else ended_at end, last_request = coalesce(by_request, last_request)
        where id = in_turn;
    end if;
    if cardinality(confirms) > 0 then
      update ai_turn_messages set confirmed_at = heard_at where turn_id = in_turn and seq = any (confirms) and confirmed_at is null;
    end if;
    if message_seq is not null then
      insert into ai_turn_messages (turn_id, seq, kind, source, text, text_bytes, text_hmac, expands, at)
        values (in_turn, message_seq, message_kind, 'model', message_text, message_bytes, message_hmac, message_expands, heard_at);
      insert into evidence_entries (event, at, envelope, nonce, body_digest, body, key_id)
        values (entry_event, entry_at, entry_envelope, entry_nonce, entry_body_digest, entry_body, entry_key);
    end if;
    return version_now;
  end $$`;

/** The version of an AI session grows with everything that a witness tells of it: each of them writes the session's row. */
export class HeardMessages1795255800000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table ai_sessions add column version bigint not null default 0');
    await runner.query(sessionsCheck('new.version := old.version + 1;'));
    await runner.query(hear);
    await runner.query('revoke all on function ai_sessions_hear from public');
    await runner.query('grant execute on function ai_sessions_hear to sallyport_app');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop function ai_sessions_hear');
    await runner.query(sessionsCheck(''));
    await runner.query('alter table ai_sessions drop column version');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

// A client's ids mean something within it and its person only: two people may show the same.
const sessions = `
  create table ai_sessions (
    id uuid constraint ai_sessions_pkey primary key,
    person_id uuid not null constraint ai_sessions_person_fkey references people (id),
    client text not null,
    client_session text not null,
    first_seen_at timestamptz not null,
    last_seen_at timestamptz not null,
    ended_at timestamptz,
    killed_at timestamptz,
    killed_by uuid constraint ai_sessions_killed_by_fkey references people (id),
    kill_reason bytea,
    constraint ai_sessions_client_key unique (person_id, client, client_session),
    constraint ai_sessions_client_shape check (length(client) between 1 and 100),
    constraint ai_sessions_client_session_shape check (length(client_session) between 1 and 200),
    constraint ai_sessions_killed check ((killed_at is null) = (killed_by is null))
  )`;

// named: by the client; else the gateway has made up client_turn, and a witness that knows the name may still give it.
const turns = `
  create table ai_turns (
    id uuid constraint ai_turns_pkey primary key,
    ai_session_id uuid not null constraint ai_turns_ai_session_fkey references ai_sessions (id),
    client_turn text not null,
    named boolean not null,
    origin text not null,
    parent_turn_id uuid constraint ai_turns_parent_fkey references ai_turns (id),
    trace_id text,
    untrusted_at timestamptz,
    untrusted_by text,
    last_request uuid,
    started_at timestamptz not null,
    ended_at timestamptz,
    constraint ai_turns_client_turn_key unique (ai_session_id, client_turn),
    constraint ai_turns_client_turn_shape check (length(client_turn) between 1 and 200),
    constraint ai_turns_origin check (origin in ('human', 'notification', 'scheduled', 'sdk')),
    constraint ai_turns_trace_id_shape check (trace_id ~ '^[0-9a-f]{32}$'),
    constraint ai_turns_untrusted check ((untrusted_at is null) = (untrusted_by is null))
  )`;

// `text` is sealed under the person's key, and `text_hmac` made with it: both say nothing once that key is destroyed.
const messages = `
  create table ai_turn_messages (
    turn_id uuid not null constraint ai_turn_messages_turn_fkey references ai_turns (id),
    seq integer not null,
    kind text not null,
    source text not null,
    text bytea,
    text_bytes integer not null,
    text_hmac bytea not null,
    expands integer,
    at timestamptz not null,
    confirmed_at timestamptz,
    constraint ai_turn_messages_pkey primary key (turn_id, seq),
    constraint ai_turn_messages_expands_fkey foreign key (turn_id, expands) references ai_turn_messages (turn_id, seq),
    constraint ai_turn_messages_seq check (seq >= 1),
    constraint ai_turn_messages_kind check (kind in ('human', 'steer', 'notification', 'scheduled', 'sdk')),
    constraint ai_turn_messages_source check (source in ('hook', 'model', 'otlp')),
    constraint ai_turn_messages_text_size check (octet_length(text) <= 131072),
    constraint ai_turn_messages_text_hmac_size check (octet_length(text_hmac) = 32)
  )`;

const agents = `
  create table ai_agents (
    ai_session_id uuid not null constraint ai_agents_ai_session_fkey references ai_sessions (id),
    agent_id text not null,
    parent_agent_id text,
    turn_id uuid constraint ai_agents_turn_fkey references ai_turns (id),
    agent_type text,
    started_at timestamptz not null,
    ended_at timestamptz,
    constraint ai_agents_pkey primary key (ai_session_id, agent_id),
    constraint ai_agents_agent_shape check (length(agent_id) between 1 and 200),
    constraint ai_agents_parent check (parent_agent_id <> agent_id)
  )`;

// agrees: whether hook and model tell the same input; null while only one of them has told it.
const toolCalls = `
  create table ai_tool_calls (
    id uuid constraint ai_tool_calls_pkey primary key,
    ai_session_id uuid not null constraint ai_tool_calls_ai_session_fkey references ai_sessions (id),
    tool_use_id text not null,
    turn_id uuid not null constraint ai_tool_calls_turn_fkey references ai_turns (id),
    message_seq integer,
    agent_id text,
    name text not null,
    input bytea,
    input_bytes integer not null,
    hook_input_hmac bytea,
    model_input_hmac bytea,
    hook_command_hmac bytea,
    model_command_hmac bytea,
    contradicted boolean not null default false,
    agrees boolean generated always as (
      case when contradicted or hook_input_hmac <> model_input_hmac then false when hook_input_hmac = model_input_hmac then true end
    ) stored,
    proposed_at timestamptz,
    proposed_operation uuid,
    asked_at timestamptz,
    finished_at timestamptz,
    outcome text,
    refused_at timestamptz,
    refusal text,
    span_id text,
    constraint ai_tool_calls_tool_use_key unique (ai_session_id, tool_use_id),
    constraint ai_tool_calls_message_fkey foreign key (turn_id, message_seq) references ai_turn_messages (turn_id, seq),
    constraint ai_tool_calls_agent_fkey foreign key (ai_session_id, agent_id) references ai_agents (ai_session_id, agent_id),
    constraint ai_tool_calls_tool_use_shape check (length(tool_use_id) between 1 and 200),
    constraint ai_tool_calls_name_shape check (length(name) between 1 and 200),
    constraint ai_tool_calls_input_size check (octet_length(input) <= 131072),
    constraint ai_tool_calls_hmac_sizes check (
      octet_length(hook_input_hmac) = 32 and octet_length(model_input_hmac) = 32
      and octet_length(hook_command_hmac) = 32 and octet_length(model_command_hmac) = 32
    ),
    constraint ai_tool_calls_proposed check ((proposed_at is null) = (proposed_operation is null)),
    constraint ai_tool_calls_outcome check (outcome in ('done', 'failed', 'denied')),
    constraint ai_tool_calls_finished check ((finished_at is null) = (outcome is null)),
    constraint ai_tool_calls_refused check ((refused_at is null) = (refusal is null)),
    constraint ai_tool_calls_span_id_shape check (span_id ~ '^[0-9a-f]{16}$')
  )`;

// An AI session that was ended for good stays so, and stays whose it is.
const sessionsCheck = `
  create function ai_sessions_check_change() returns trigger language plpgsql as $$
  begin
    if (new.id, new.person_id, new.client, new.client_session) is distinct from (old.id, old.person_id, old.client, old.client_session) then
      raise exception 'whose AI session it is cannot be changed' using errcode = 'check_violation', constraint = 'ai_sessions_immutable';
    end if;
    if old.killed_at is not null and (new.killed_at, new.killed_by, new.kill_reason) is distinct from (old.killed_at, old.killed_by, old.kill_reason) then
      raise exception 'an AI session that was ended for good stays so' using errcode = 'check_violation', constraint = 'ai_sessions_killed_for_good';
    end if;
    return new;
  end $$;
  create trigger ai_sessions_check_change before update on ai_sessions for each row execute function ai_sessions_check_change();
  alter table ai_sessions enable always trigger ai_sessions_check_change`;

// What a witness has told of a tool call is told once: what it says afterwards can contradict it, and not replace it.
const toolCallsCheck = `
  create function ai_tool_calls_check_change() returns trigger language plpgsql as $$
  begin
    if (new.id, new.ai_session_id, new.tool_use_id) is distinct from (old.id, old.ai_session_id, old.tool_use_id)
       or (old.proposed_at is not null and (new.proposed_at, new.proposed_operation, new.model_input_hmac, new.model_command_hmac)
           is distinct from (old.proposed_at, old.proposed_operation, old.model_input_hmac, old.model_command_hmac))
       or (old.asked_at is not null and (new.asked_at, new.hook_input_hmac, new.hook_command_hmac)
           is distinct from (old.asked_at, old.hook_input_hmac, old.hook_command_hmac))
       or (old.contradicted and not new.contradicted)
       or (old.refused_at is not null and new.refused_at is null) then
      raise exception 'what a witness has told of a tool call cannot be changed' using errcode = 'check_violation', constraint = 'ai_tool_calls_told_once';
    end if;
    return new;
  end $$;
  create trigger ai_tool_calls_check_change before update on ai_tool_calls for each row execute function ai_tool_calls_check_change();
  alter table ai_tool_calls enable always trigger ai_tool_calls_check_change`;

const witnessTokens = `
  create table witness_tokens (
    id uuid constraint witness_tokens_pkey primary key,
    secret_hash text not null constraint witness_tokens_secret_hash_key unique,
    person_id uuid not null constraint witness_tokens_person_fkey references people (id),
    grant_id uuid not null constraint witness_tokens_grant_fkey references login_grants (id),
    client text,
    issued_at timestamptz not null,
    expires_at timestamptz not null,
    constraint witness_tokens_secret_hash_shape check (secret_hash ~ '^[0-9a-f]{64}$'),
    constraint witness_tokens_period check (expires_at > issued_at)
  )`;

const indexes = [
  'create index ai_sessions_person on ai_sessions (person_id, id desc)',
  'create index ai_turns_open on ai_turns (ai_session_id, started_at desc) where ended_at is null',
  'create index ai_turns_session on ai_turns (ai_session_id, started_at desc)',
  'create index ai_tool_calls_turn on ai_tool_calls (turn_id)',
  'create index ai_tool_calls_hook_command on ai_tool_calls (ai_session_id, hook_command_hmac)',
  'create index ai_tool_calls_model_command on ai_tool_calls (ai_session_id, model_command_hmac)',
];

const grants = [
  'grant select, insert, update (last_seen_at, ended_at, killed_at, killed_by, kill_reason) on ai_sessions to sallyport_app',
  'grant select, insert, update on ai_turns, ai_agents, ai_tool_calls to sallyport_app',
  'grant select, insert, update (confirmed_at) on ai_turn_messages to sallyport_app',
  'grant select, insert on witness_tokens to sallyport_app',
];

/**
 * What AI clients do between a prompt and a command, as three witnesses tell it: hooks, model traffic, OpenTelemetry.
 * No prompt and no input is kept in the clear.
 */
export class AiSessions1795255500000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const table of [sessions, turns, messages, agents, toolCalls, witnessTokens]) await runner.query(table);
    for (const statement of [sessionsCheck, toolCallsCheck, ...indexes, ...grants]) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table witness_tokens, ai_tool_calls, ai_agents, ai_turn_messages, ai_turns, ai_sessions');
    await runner.query('drop function ai_tool_calls_check_change(), ai_sessions_check_change()');
  }
}

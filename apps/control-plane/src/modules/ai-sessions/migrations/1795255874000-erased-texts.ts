import type { MigrationInterface, QueryRunner } from 'typeorm';

// What stands where the fingerprint of a text was. Of two that differed there are two, so that a call still says whether its
// witnesses agree.
const marks = ['00', '01'].map((byte) => `decode(repeat('${byte}', 32), 'hex')`);
const isMark = `create function ai_is_erased(fingerprint bytea) returns boolean language sql immutable as $$
  select fingerprint in (${marks.join(', ')})
$$`;

const messagesCheck = `
  create function ai_turn_messages_check_change() returns trigger language plpgsql as $$
  begin
    if (new.turn_id, new.seq, new.kind, new.source, new.text_bytes, new.expands, new.at)
         is distinct from (old.turn_id, old.seq, old.kind, old.source, old.text_bytes, old.expands, old.at)
       or (new.text is distinct from old.text and new.text is not null)
       or (new.text_hmac is distinct from old.text_hmac and not ai_is_erased(new.text_hmac)) then
      raise exception 'what was said in a turn can only be erased' using errcode = 'check_violation', constraint = 'ai_turn_messages_told_once';
    end if;
    return new;
  end $$;
  create trigger ai_turn_messages_check_change before update on ai_turn_messages for each row execute function ai_turn_messages_check_change();
  alter table ai_turn_messages enable always trigger ai_turn_messages_check_change`;

const changed = (name: string, erasable: boolean): string =>
  `new.${name} is distinct from old.${name}${erasable ? ` and not (old.${name} is not null and coalesce(ai_is_erased(new.${name}), false))` : ''}`;
const agreementKept = `
       or (old.hook_input_hmac is not null and old.model_input_hmac is not null
           and (new.hook_input_hmac = new.model_input_hmac) is distinct from (old.hook_input_hmac = old.model_input_hmac))`;
const toolCallsCheck = (erasable: boolean): string => `
  create or replace function ai_tool_calls_check_change() returns trigger language plpgsql as $$
  begin
    if (new.id, new.ai_session_id, new.tool_use_id) is distinct from (old.id, old.ai_session_id, old.tool_use_id)
       or (old.proposed_at is not null and ((new.proposed_at, new.proposed_operation) is distinct from (old.proposed_at, old.proposed_operation)
           or ${changed('model_input_hmac', erasable)} or ${changed('model_command_hmac', erasable)}))
       or (old.asked_at is not null and (new.asked_at is distinct from old.asked_at
           or ${changed('hook_input_hmac', erasable)} or ${changed('hook_command_hmac', erasable)}))
${erasable ? agreementKept : ''}
       or (old.contradicted and not new.contradicted)
       or (old.refused_at is not null and new.refused_at is null) then
      raise exception 'what a witness has told of a tool call cannot be changed' using errcode = 'check_violation', constraint = 'ai_tool_calls_told_once';
    end if;
    return new;
  end $$`;

/** Texts that people and tools were told can be taken out, and nothing be put in their place. */
export class ErasedTexts1795255874000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [isMark, messagesCheck, toolCallsCheck(true)]) await runner.query(statement);
    await runner.query('grant update (text, text_hmac) on ai_turn_messages to sallyport_app');
    await runner.query('create index ai_turn_messages_kept on ai_turn_messages (at) where not ai_is_erased(text_hmac)');
    await runner.query(
      'create index ai_tool_calls_kept on ai_tool_calls (greatest(proposed_at, asked_at)) where not ai_is_erased(coalesce(hook_input_hmac, model_input_hmac))',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index ai_tool_calls_kept, ai_turn_messages_kept');
    await runner.query('revoke update (text, text_hmac) on ai_turn_messages from sallyport_app');
    await runner.query(toolCallsCheck(false));
    await runner.query('drop trigger ai_turn_messages_check_change on ai_turn_messages');
    await runner.query('drop function ai_turn_messages_check_change(), ai_is_erased(bytea)');
  }
}

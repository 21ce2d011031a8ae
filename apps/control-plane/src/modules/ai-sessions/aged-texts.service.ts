import { Injectable } from '@nestjs/common';
import type { RetentionRule } from '@sallyport/evidence';
import { rowsOf, type Sql } from '../../platform/index.js';
import { EvidenceWriter } from '../evidence/evidence-writer.js';

/** Who was heard of so lately works on, unless its end was told. */
const activeMs = 24 * 3_600_000;

/** An AI session that works on at `at`: nothing of it is taken away. */
const isActive = (session: string, since: string): string =>
  `(${session}.ended_at is null and ${session}.killed_at is null and ${session}.last_seen_at >= ${since})`;

/** As the migration has it; of two fingerprints that differed the second one stays another one. */
const mark = (byte: string): string => `decode(repeat('${byte}', 32), 'hex')`;

const eraseMessages = `
  with aged as (
    select m.turn_id, m.seq, t.ai_session_id from ai_turn_messages m
      join ai_turns t on t.id = m.turn_id join ai_sessions s on s.id = t.ai_session_id
    where not ai_is_erased(m.text_hmac) and m.at < $1 and not ${isActive('s', '$2')}
    order by m.at limit $3 for update of m skip locked)
  update ai_turn_messages m set text = null, text_hmac = ${mark('00')}
  from aged where m.turn_id = aged.turn_id and m.seq = aged.seq returning aged.ai_session_id`;

const eraseInputs = `
  with aged as (
    select c.id, c.ai_session_id from ai_tool_calls c join ai_sessions s on s.id = c.ai_session_id
    where not ai_is_erased(coalesce(c.hook_input_hmac, c.model_input_hmac))
      and greatest(c.proposed_at, c.asked_at) < $1 and not ${isActive('s', '$2')}
    order by greatest(c.proposed_at, c.asked_at) limit $3 for update of c skip locked)
  update ai_tool_calls c set input = null,
    hook_input_hmac = case when c.hook_input_hmac is not null then ${mark('00')} end,
    model_input_hmac = case when c.model_input_hmac is null then null
      when c.model_input_hmac <> c.hook_input_hmac then ${mark('01')} else ${mark('00')} end,
    hook_command_hmac = case when c.hook_command_hmac is not null then ${mark('00')} end,
    model_command_hmac = case when c.model_command_hmac is not null then ${mark('00')} end
  from aged where c.id = aged.id returning c.id, aged.ai_session_id`;

export interface ErasedBatch {
  /** Tool calls whose inputs are gone. */
  readonly calls: readonly string[];
  readonly more: boolean;
}

/** Takes texts out of the tables by age, and on record that it did. What happened, and when, stays. */
@Injectable()
export class AgedTexts {
  constructor(private readonly evidence: EvidenceWriter) {}

  /** Of these AI sessions those that work on. */
  async activeOf(sql: Sql, ids: readonly string[], now: Date): Promise<ReadonlySet<string>> {
    const select = `select id from ai_sessions s where id = any($1::uuid[]) and ${isActive('s', '$2')}`;
    const rows = await rowsOf<{ id: string }>(sql, select, [ids, since(now)]);
    return new Set(rows.map(({ id }) => id));
  }

  /** At most `limit` messages and as many inputs. */
  async erase(
    tx: Sql,
    rule: RetentionRule,
    { now, limit }: { readonly now: Date; readonly limit: number },
  ): Promise<ErasedBatch> {
    const parameters = [rule.before, since(now), limit];
    const messages = await rowsOf<{ ai_session_id: string }>(tx, eraseMessages, parameters);
    const calls = await rowsOf<{ id: string; ai_session_id: string }>(tx, eraseInputs, parameters);
    const aiSessions = [...new Set([...messages, ...calls].map((row) => row.ai_session_id))];
    if (aiSessions.length > 0)
      await this.evidence.append(tx, {
        event: 'prompts.erased',
        body: { rule, aiSessions, messages: messages.length, inputs: calls.length },
      });
    return { calls: calls.map(({ id }) => id), more: messages.length === limit || calls.length === limit };
  }
}

const since = (now: Date): Date => new Date(now.getTime() - activeMs);

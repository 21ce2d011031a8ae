import { Injectable } from '@nestjs/common';
import { rowOf, rowsOf } from '../../platform/index.js';
import { EvidenceWriter } from '../evidence/evidence-writer.js';
import type { TurnMessageKind, TurnMessageRow, TurnRow, WitnessSource } from './ai-session-rows.js';
import { recentMessages } from './hearing.js';
import { comparableText, type KnownMessage, kindOf, placeMessage, tellingLength } from './message-placing.js';
import { type KeptText, keptText, messageContext, mostTextBytes } from './personal-texts.js';
import { type NewMessage, promptedEvent } from './prompted-event.js';
import { namedIn, type Scene } from './scene.js';

/** Of a conversation's turns, those that a text is looked for in, and for how long. */
const recentTurns = 50;
const recentMs = 600_000;

export interface Said {
  readonly source: WitnessSource;
  readonly kind: TurnMessageKind;
  readonly text: string;
}

/** What was said in a turn, in its order, each once however many witnesses tell it. */
@Injectable()
export class TurnMessages {
  constructor(private readonly evidence: EvidenceWriter) {}

  /** @returns its number in the turn */
  async add(scene: Scene, turn: TurnRow, said: Said): Promise<number> {
    const known = await this.recent(scene, turn);
    const kept = keptText(said.text);
    const hmac = fingerprintOf(scene, said.text, kept);
    const placing = placeMessage(known, { source: said.source, hmac, text: kept.text });
    if (placing.as === 'repeat') return placing.seq;
    if (placing.as === 'confirmation') {
      await this.confirm(scene, turn, placing.seq);
      return placing.seq;
    }
    if (placing.expands !== undefined) await this.confirm(scene, turn, placing.expands);
    const seq = (known.at(-1)?.seq ?? 0) + 1;
    const kind = kindOf(seq, said.kind, placing.expands);
    const expands = placing.expands ?? null;
    await this.insert(scene, { turn, seq, kind, source: said.source, ...kept, hmac, expands });
    return seq;
  }

  /** Is this what the turn's last message says? */
  async saysLast(scene: Scene, turn: TurnRow, text: string): Promise<boolean> {
    const last = (await this.recent(scene, turn)).at(-1);
    if (last === undefined) return false;
    const typed = comparableText(keptText(text).text);
    return (
      last.text_hmac.equals(fingerprintOf(scene, text)) ||
      (typed.length >= tellingLength && last.text?.includes(typed) === true)
    );
  }

  /** The turns of the conversation in which this was said not long ago, the newest first. */
  async turnsSaying(scene: Scene, text: string): Promise<TurnRow[]> {
    const { tx, session, at } = scene;
    return rowsOf<TurnRow>(
      tx,
      `select t.* from (select * from ai_turns where ai_session_id = $1 order by started_at desc limit ${recentTurns}) t
       where exists (select from ai_turn_messages m where m.turn_id = t.id and m.text_hmac = $2 and m.at > $3)
       order by t.started_at desc, t.id desc`,
      [session.id, fingerprintOf(scene, text), new Date(at.getTime() - recentMs)],
    );
  }

  /** The number of the turn's last message. */
  async lastSeq({ tx }: Scene, turn: string): Promise<number | undefined> {
    const row = await rowOf<{ seq: number | null }>(
      tx,
      'select max(seq) as seq from ai_turn_messages where turn_id = $1',
      [turn],
    );
    return row?.seq ?? undefined;
  }

  private async recent({ tx, personal }: Scene, turn: TurnRow): Promise<KnownMessage[]> {
    const rows = await rowsOf<TurnMessageRow>(
      tx,
      `select * from ai_turn_messages where turn_id = $1 order by seq desc limit ${recentMessages}`,
      [turn.id],
    );
    return rows.reverse().map(({ seq, source, text_hmac, confirmed_at, text: sealed }) => {
      const text = personal.open(messageContext(turn.id, seq), sealed);
      return { seq, source, text_hmac, confirmed_at, ...(text === undefined ? {} : { text }) };
    });
  }

  private async confirm({ tx, at }: Scene, turn: TurnRow, seq: number): Promise<void> {
    await tx.query(
      'update ai_turn_messages set confirmed_at = $3 where turn_id = $1 and seq = $2 and confirmed_at is null',
      [turn.id, seq, at],
    );
  }

  private async insert(scene: Scene, message: NewMessage): Promise<void> {
    const { tx, personal, at } = scene;
    const { turn, seq, kind, source, text, bytes, hmac, expands } = message;
    const sealed = personal.seal(messageContext(turn.id, seq), text);
    await tx.query(
      `insert into ai_turn_messages (turn_id, seq, kind, source, text, text_bytes, text_hmac, expands, at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [turn.id, seq, kind, source, sealed, bytes, hmac, expands, at],
    );
    await this.evidence.append(tx, promptedEvent(namedIn(scene), message, personal.isErased));
  }
}

/** @param kept of `whole`, where that is known already: looking through a text for secrets has its price */
export const fingerprintOf = ({ personal }: Pick<Scene, 'personal'>, whole: string, kept?: KeptText): Buffer => {
  const isLong = Buffer.byteLength(whole) > mostTextBytes; // is cut anyway, and compared as it came
  return personal.fingerprint('message', comparableText(isLong ? whole : (kept ?? keptText(whole)).text));
};

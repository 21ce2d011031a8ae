import { Injectable } from '@nestjs/common';
import { clipText } from '@sallyport/evidence';
import { DataSource } from 'typeorm';
import { rowsOf } from '../../platform/index.js';
import {
  type AiSessionRow,
  type ToolCallRow,
  type TurnMessageRow,
  type TurnRow,
  unnamedClient,
} from '../ai-sessions/ai-session-rows.js';
import { AiSessions } from '../ai-sessions/ai-sessions.service.js';
import { inputContext, messageContext, type PersonalText, PersonalTexts } from '../ai-sessions/personal-texts.js';
import { ToolCalls } from '../ai-sessions/tool-calls.service.js';
import { Turns } from '../ai-sessions/turns.service.js';
import type { ReviewRow } from './review-row.js';
import type { ReviewPromptView } from './reviews.dto.js';

/** Of a turn, the last ones: what made the AI do it is among them. */
const mostMessages = 20;
/** Bytes of a text that are shown; the AI session's own page has more of it. */
const mostShown = 8 * 1024;

/** What the AI was told before it asked for what is to be reviewed, as witnesses have told it. */
@Injectable()
export class ReviewPrompts {
  constructor(
    private readonly database: DataSource,
    private readonly sessions: AiSessions,
    private readonly turns: Turns,
    private readonly calls: ToolCalls,
    private readonly texts: PersonalTexts,
  ) {}

  /** @returns null where no witness has told of the turn: then there is nothing but claims */
  async of(review: ReviewRow): Promise<ReviewPromptView | null> {
    const { requester_id, ai_client, ai_session, tool_call } = review;
    if (ai_session === null) return null;
    const session = await this.sessions.find(this.database, requester_id, ai_client ?? unnamedClient, ai_session);
    if (session === undefined) return null;
    const call = tool_call === null ? undefined : await this.calls.find(this.database, session.id, tool_call);
    const turn = await this.turnOf(session, review, call);
    return turn === undefined ? null : this.shown(session, turn, call);
  }

  private turnOf({ id }: AiSessionRow, { turn }: ReviewRow, call?: ToolCallRow): Promise<TurnRow | undefined> {
    if (call !== undefined) return this.turns.get(this.database, call.turn_id);
    return turn === null ? Promise.resolve(undefined) : this.turns.named(this.database, id, turn);
  }

  private async shown(session: AiSessionRow, turn: TurnRow, call?: ToolCallRow): Promise<ReviewPromptView> {
    const [personal, messages] = await Promise.all([
      this.texts.find(session.person_id),
      rowsOf<TurnMessageRow>(
        this.database,
        `select * from ai_turn_messages where turn_id = $1 order by seq desc limit ${mostMessages}`,
        [turn.id],
      ),
    ]);
    return {
      client: session.client,
      origin: turn.origin,
      untrusted_by: turn.untrusted_by,
      messages: messages.reverse().map((row) => messageOf(personal, row)),
      tool_call: call === undefined ? null : callOf(personal, call),
    };
  }
}

const clipped = (text: string | undefined): string | null =>
  text === undefined ? null : clipText(text, mostShown).text;

const messageOf = (personal: PersonalText, row: TurnMessageRow): ReviewPromptView['messages'][number] => ({
  seq: row.seq,
  kind: row.kind,
  at: row.at.toISOString(),
  text: clipped(personal.open(messageContext(row.turn_id, row.seq), row.text)),
  bytes: row.text_bytes,
});

const callOf = (personal: PersonalText, row: ToolCallRow): NonNullable<ReviewPromptView['tool_call']> => ({
  id: row.tool_use_id,
  name: row.name,
  message: row.message_seq,
  input: clipped(personal.open(inputContext(row.id), row.input)),
  bytes: row.input_bytes,
  agrees: row.agrees,
});

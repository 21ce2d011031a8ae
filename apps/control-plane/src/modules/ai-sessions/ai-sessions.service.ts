import { Injectable } from '@nestjs/common';
import { GatewayError, type PersonId } from '@sallyport/core';
import { DataSource } from 'typeorm';
import { Clock, Ids, rowOf, type Sql } from '../../platform/index.js';
import { EvidenceWriter } from '../evidence/evidence-writer.js';
import type { AiSessionRow } from './ai-session-rows.js';
import { PersonalTexts } from './personal-texts.js';
import { namedIn, type Scene, type Speaker } from './scene.js';

/** Conversations of AI clients, known by (person, client, the client's own id). */
@Injectable()
export class AiSessions {
  constructor(
    private readonly database: DataSource,
    private readonly texts: PersonalTexts,
    private readonly evidence: EvidenceWriter,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /**
   * Runs what a witness tells in one transaction. What is told of the same session meanwhile waits, so that what is read
   * inside stays true until the commit.
   * @throws GatewayError RECORDING_UNAVAILABLE when it could not be kept
   */
  async enter<T>(speaker: Speaker, work: (scene: Scene) => Promise<T>): Promise<T> {
    try {
      const personal = await this.texts.of(speaker.identity.id);
      return await this.database.transaction(async (tx) => {
        const at = this.clock.now();
        const session = await this.touch(tx, speaker);
        return work({ tx, session, identity: speaker.identity, personal, at });
      });
    } catch (error) {
      throw error instanceof GatewayError ? error : unrecorded(error);
    }
  }

  /** The session, made when it is not there; its row stays locked until `tx` ends. */
  async touch(tx: Sql, { identity, client, clientSession }: Speaker): Promise<AiSessionRow> {
    const row = await rowOf<AiSessionRow>(
      tx,
      `insert into ai_sessions (id, person_id, client, client_session, first_seen_at, last_seen_at) values ($1, $2, $3, $4, $5, $5)
       on conflict on constraint ai_sessions_client_key do update set last_seen_at = greatest(ai_sessions.last_seen_at, excluded.last_seen_at)
       returning *`,
      [this.ids.next<string>(), identity.id, client, clientSession, this.clock.now()],
    );
    return row!;
  }

  find(sql: Sql, person: PersonId, client: string, clientSession: string): Promise<AiSessionRow | undefined> {
    return rowOf(sql, 'select * from ai_sessions where person_id = $1 and client = $2 and client_session = $3', [
      person,
      client,
      clientSession,
    ]);
  }

  get(sql: Sql, id: string): Promise<AiSessionRow | undefined> {
    return rowOf(sql, 'select * from ai_sessions where id = $1', [id]);
  }

  /** The client says that the conversation is over; every turn of it is, too. */
  async end(scene: Scene, reason: string): Promise<void> {
    if (scene.session.ended_at !== null) return;
    const { tx, session, at } = scene;
    await tx.query('update ai_sessions set ended_at = $2 where id = $1', [session.id, at]);
    await tx.query('update ai_turns set ended_at = $2 where ai_session_id = $1 and ended_at is null', [session.id, at]);
    await this.evidence.append(tx, {
      event: 'ai-session.ended',
      body: { ...namedIn(scene), cause: 'client', reason },
    });
  }

  /** It goes on: a client resumes what it had ended. */
  async resume({ tx, session }: Scene): Promise<void> {
    if (session.ended_at !== null) await tx.query('update ai_sessions set ended_at = null where id = $1', [session.id]);
  }

  async reconfigured(scene: Scene, what: string): Promise<void> {
    await this.evidence.append(scene.tx, { event: 'ai-session.reconfigured', body: { ...namedIn(scene), what } });
  }
}

/** What was told could not be kept. */
export const unrecorded = (cause: unknown): GatewayError =>
  new GatewayError('RECORDING_UNAVAILABLE', 'what was told of this turn cannot be kept right now', {
    cause,
    hint: 'try again in a minute',
  });

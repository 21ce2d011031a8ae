import { Injectable } from '@nestjs/common';
import { GatewayError, type Identity, type TicketId } from '@sallyport/core';
import { DataSource, type EntityManager } from 'typeorm';
import { Clock, may, Notifications, rowOf, rowsOf } from '../../platform/index.js';
import type { AiSessionRow } from '../ai-sessions/ai-session-rows.js';
import { killReasonContext, PersonalTexts } from '../ai-sessions/personal-texts.js';
import { namedIn } from '../ai-sessions/scene.js';
import { EvidenceWriter } from '../evidence/evidence-writer.js';
import { actorOf } from '../people/actor.js';
import { ticketRevoked } from '../tickets/tickets.service.js';
import { aiSessionKilled, type NamedAiSession } from './ended-ai-sessions.js';

export interface KilledAiSession {
  readonly id: string;
  readonly killed_at: string;
  /** That could have been used still. */
  readonly tickets_revoked: number;
}

// The clients' own ids, as tickets carry them: a ticket that was issued before any witness had told of the session is of it, too.
const revoke = `
  update tickets set revoked_at = $4
  where person_id = $1 and coalesce(ai_client, 'unnamed') = $2 and ai_session = $3 and revoked_at is null and expires_at > $4
  returning id`;

/** Ends an AI session for good: every session and ticket of it, on every connection and replica. */
@Injectable()
export class KillSwitch {
  constructor(
    private readonly database: DataSource,
    private readonly texts: PersonalTexts,
    private readonly evidence: EvidenceWriter,
    private readonly notifications: Notifications,
    private readonly clock: Clock,
  ) {}

  /**
   * Heard on every replica when it commits; again on one that is ended already it does nothing.
   * @throws GatewayError NOT_FOUND also for somebody else's, except by an administrator
   */
  kill(by: Identity, id: string, reason: string): Promise<KilledAiSession> {
    return this.database.transaction(async (tx) => {
      const session = await rowOf<AiSessionRow>(tx, 'select * from ai_sessions where id = $1 for update', [id]);
      if (session === undefined || (session.person_id !== by.id && !may(by, 'ai-session.kill-any')))
        throw new GatewayError('NOT_FOUND', 'there is no such AI session');
      if (session.killed_at !== null) return { id, killed_at: session.killed_at.toISOString(), tickets_revoked: 0 };
      return this.end(tx, session, by, reason);
    });
  }

  private async end(tx: EntityManager, session: AiSessionRow, by: Identity, reason: string): Promise<KilledAiSession> {
    const at = this.clock.now();
    const sealed = (await this.texts.of(session.person_id)).seal(killReasonContext(session.id), reason);
    await tx.query('update ai_sessions set killed_at = $2, killed_by = $3, kill_reason = $4 where id = $1', [
      session.id,
      at,
      by.id,
      sealed,
    ]);
    await tx.query('update ai_turns set ended_at = $2 where ai_session_id = $1 and ended_at is null', [session.id, at]);
    const named: NamedAiSession = {
      person: session.person_id,
      client: session.client,
      session: session.client_session,
    };
    const revoked = await this.revoke(tx, named, by, at);
    const body = { ...namedIn({ session }), cause: 'killed' as const, by: actorOf(by), reason };
    await this.evidence.append(tx, { event: 'ai-session.ended', body });
    await this.notifications.publish(tx, aiSessionKilled, named);
    return { id: session.id, killed_at: at.toISOString(), tickets_revoked: revoked };
  }

  private async revoke(tx: EntityManager, named: NamedAiSession, by: Identity, at: Date): Promise<number> {
    const { person, client, session } = named;
    const tickets = await rowsOf<{ id: TicketId }>(tx, revoke, [person, client, session, at]);
    for (const { id } of tickets) {
      await this.evidence.append(tx, { event: 'ticket.revoked', body: { ticket: id, by: actorOf(by) } });
      await this.notifications.publish(tx, ticketRevoked, { ticketId: id });
    }
    return tickets.length;
  }
}

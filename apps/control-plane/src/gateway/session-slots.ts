import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { type ConnectionId, GatewayError, type SessionId, type TicketId } from '@sallyport/core';
import { DataSource } from 'typeorm';
import { Log, rowOf, rowsOf } from '../platform/index.js';

const renewMs = 5_000;
const staleSeconds = 20;

export interface SlotRequest {
  readonly session: SessionId;
  readonly ticket: { readonly id: TicketId; readonly most: number };
  readonly connection: { readonly id: ConnectionId; readonly name: string; readonly most: number };
}

/** Counts the sessions of tickets and connections over all replicas, and keeps them within their limits. */
@Injectable()
export class SessionSlots implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly mine = new Set<SessionId>();
  private timer: NodeJS.Timeout | undefined;
  private overdue: (session: SessionId) => void = () => undefined;

  constructor(
    private readonly database: DataSource,
    private readonly log: Log,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.renew(), renewMs);
    this.timer.unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** @throws GatewayError TOO_MANY_SESSIONS */
  async take({ session, ticket, connection }: SlotRequest): Promise<void> {
    // A function, whose every statement sees what was committed before it: counting begins when the locks are held.
    const answer = await rowOf<{ full: 'ticket' | 'connection' | null }>(
      this.database,
      'select gateway_take_slot($1, $2, $3, $4, $5, $6) as full',
      [session, ticket.id, ticket.most, connection.id, connection.most, staleSeconds],
    );
    if (answer!.full === 'ticket') throw tooMany(`this ticket has ${ticket.most} sessions open already`);
    if (answer!.full === 'connection')
      throw tooMany(`connection "${connection.name}" has ${connection.most} sessions open already`);
    this.mine.add(session);
  }

  /** Never throws: a row that cannot be removed now stops counting by its age. */
  async release(session: SessionId): Promise<void> {
    this.mine.delete(session);
    await this.database
      .query('delete from gateway_sessions where id = $1', [session])
      .catch((error: unknown) => this.log.warn('session-slot.kept', { session, error }));
  }

  /** @param handler called for a session that was asked to end, or whose ticket was revoked, while nobody was heard */
  onOverdue(handler: (session: SessionId) => void): void {
    this.overdue = handler;
  }

  private async renew(): Promise<void> {
    try {
      const rows = await rowsOf<{ id: SessionId; over: boolean }>(
        this.database,
        `update gateway_sessions s set seen_at = now() from tickets t where t.id = s.ticket_id and s.id = any($1)
         returning s.id, (s.end_requested or t.revoked_at is not null) as over`,
        [[...this.mine]],
      );
      for (const { id, over } of rows) if (over) this.overdue(id);
      await this.database.query('delete from gateway_sessions where seen_at < now() - make_interval(secs => $1)', [
        staleSeconds * 10,
      ]);
    } catch (error) {
      this.log.warn('session-slots.not-renewed', { error });
    }
  }
}

const tooMany = (message: string): GatewayError =>
  new GatewayError('TOO_MANY_SESSIONS', message, {
    hint: 'close sessions that are no longer used, or use a client with a smaller pool',
  });

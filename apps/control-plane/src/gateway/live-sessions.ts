import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { type ErrorCode, GatewayError, type SessionId } from '@sallyport/core';
import { ConnectionProtection } from '../modules/connections/connection-protection.js';
import { ConnectionsService, connectionChanged } from '../modules/connections/connections.service.js';
import { GrantsService, grantEnded } from '../modules/grants/grants.service.js';
import { EndedAiSessions, type NamedAiSession } from '../modules/kill-switch/ended-ai-sessions.js';
import { ReplicaRegistry } from '../modules/recording/replica-registry.js';
import { sessionEndRequested } from '../modules/sessions/session-ends.js';
import { ticketRevoked } from '../modules/tickets/tickets.service.js';
import { Clock, Log, Metrics, Notifications } from '../platform/index.js';
import type { LiveSession } from './live-session.js';
import { SessionSlots } from './session-slots.js';

/** Logins are looked at again this often; a revocation is heard at once. */
const recheckMs = 5 * 60_000;
const tickMs = 15_000;
/** A client is told so long before its login expires. */
const warnMs = 5 * 60_000;

interface Entry {
  readonly session: LiveSession;
  checkedAt: number;
  warned?: boolean;
}

/** The sessions that this replica serves, and whatever ends them. */
@Injectable()
export class LiveSessions implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly entries = new Map<SessionId, Entry>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly grants: GrantsService,
    private readonly connections: ConnectionsService,
    private readonly protection: ConnectionProtection,
    private readonly notifications: Notifications,
    private readonly replicas: ReplicaRegistry,
    private readonly slots: SessionSlots,
    private readonly endedAiSessions: EndedAiSessions,
    private readonly clock: Clock,
    private readonly log: Log,
    metrics: Metrics,
  ) {
    metrics.gauge({ name: 'sallyport_sessions', help: 'Sessions that this replica serves' }, () => this.entries.size);
  }

  onApplicationBootstrap(): void {
    const all = (): void => void this.recheck(this.entries.values());
    this.notifications.subscribe(grantEnded, (payload) => this.grantEnded(payload), all);
    this.notifications.subscribe(ticketRevoked, (payload) => this.ticketRevoked(payload), all);
    this.notifications.subscribe(connectionChanged, (payload) => this.connectionChanged(payload), all);
    this.notifications.subscribe(sessionEndRequested, (payload) => this.endRequested(payload));
    this.endedAiSessions.onEnded((ended) => this.aiSessionEnded(ended));
    this.slots.onOverdue((id) => this.endRequested({ session: id }));
    this.replicas.onBuried(() =>
      this.endAll('RECORDING_UNAVAILABLE', 'this control plane was out of touch with its record for too long'),
    );
    this.timer = setInterval(() => this.tick(), tickMs);
    this.timer.unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  get size(): number {
    return this.entries.size;
  }

  add(session: LiveSession): void {
    this.entries.set(session.id, { session, checkedAt: this.clock.now().getTime() });
  }

  remove(id: SessionId): void {
    this.entries.delete(id);
  }

  endAll(code: ErrorCode, message: string): void {
    for (const { session } of this.entries.values()) session.end(code, message);
  }

  /** Resolves when every session has written its end. */
  async gone(): Promise<void> {
    while (this.entries.size > 0) await new Promise((resolve) => setTimeout(resolve, 50));
  }

  private tick(): void {
    const now = this.clock.now().getTime();
    for (const entry of this.entries.values()) this.warn(entry, now);
    const due = [...this.entries.values()].filter(
      ({ session, checkedAt }) => now - checkedAt >= recheckMs || session.ticket.grantExpiresAt.getTime() <= now,
    );
    void this.recheck(due);
    void this.endUnprotected();
  }

  /** A later self-check has found more than was accepted: whoever asked for protection does not go on. */
  private async endUnprotected(): Promise<void> {
    const asked = [...this.entries.values()].flatMap(({ session }) => {
      const connection = session.protectedConnection;
      return connection === undefined ? [] : [{ session, connection }];
    });
    if (asked.length === 0) return;
    try {
      const protectionOf = await this.protection.now();
      for (const { session, connection } of asked)
        if (protectionOf(connection).state === 'unprotected')
          session.end('CONNECTION_UNPROTECTED', 'the login at the target may do more than it should by now');
    } catch (error) {
      this.log.warn('sessions.protection-unknown', { error }); // asked again at the next tick
    }
  }

  private warn(entry: Entry, now: number): void {
    const { grantExpiresAt } = entry.session.ticket;
    if (entry.warned || grantExpiresAt.getTime() - now > warnMs) return;
    entry.warned = true;
    entry.session.say(`the login behind this session expires at ${grantExpiresAt.toISOString()}, and the session then`);
  }

  private async recheck(due: Iterable<Entry>): Promise<void> {
    for (const entry of [...due]) {
      try {
        const { identity } = await this.grants.check(entry.session.ticket.grantId);
        entry.session.recognise(identity);
        entry.checkedAt = this.clock.now().getTime();
        await this.refreshConnection(entry.session);
      } catch (error) {
        if (error instanceof GatewayError && error.code === 'GRANT_ENDED')
          entry.session.end('GRANT_ENDED', error.message);
        else this.log.warn('session.not-rechecked', { session: entry.session.id, error }); // asked again; nothing runs unrecorded meanwhile
      }
    }
  }

  private async refreshConnection(session: LiveSession): Promise<void> {
    const connection = await this.connections.findById(session.connectionId);
    if (connection === undefined) session.end('SESSION_ENDED', 'the connection was deleted');
    else session.reconnect(connection);
  }

  private grantEnded(payload: unknown): void {
    const { grantId } = payload as { grantId?: string };
    this.endWhere(({ ticket }) => ticket.grantId === grantId, 'GRANT_ENDED', 'the login behind this session has ended');
  }

  private ticketRevoked(payload: unknown): void {
    const { ticketId } = payload as { ticketId?: string };
    this.endWhere(
      ({ ticket }) => ticket.ticketId === ticketId,
      'SESSION_ENDED',
      'the ticket of this session was revoked',
    );
  }

  private aiSessionEnded(ended: NamedAiSession): void {
    for (const { session } of this.entries.values()) session.endAiSession(ended);
  }

  private async connectionChanged(payload: unknown): Promise<void> {
    const { connectionId } = payload as { connectionId?: string };
    for (const { session } of [...this.entries.values()])
      if (session.connectionId === connectionId) await this.refreshConnection(session);
  }

  private endRequested(payload: unknown): void {
    const { session: id } = payload as { session?: string };
    this.endWhere((session) => session.id === id, 'SESSION_ENDED', 'an administrator has ended this session');
  }

  private endWhere(matches: (session: LiveSession) => boolean, code: ErrorCode, message: string): void {
    for (const { session } of this.entries.values()) if (matches(session)) session.end(code, message);
  }
}

import { Injectable } from '@nestjs/common';
import { type Decision, GatewayError, type ProtocolName, refusalOf, type SessionId } from '@sallyport/core';
import type { Channel, Claim } from '@sallyport/engine';
import { DataSource } from 'typeorm';
import { TunnelHost } from '../modules/agents/tunnel-host.js';
import { ModelWitnesses } from '../modules/ai-sessions/model-witnesses.service.js';
import { RefusedCalls } from '../modules/ai-sessions/refused-calls.service.js';
import { Reservations } from '../modules/budgets/reservations.js';
import type { Connection } from '../modules/connections/connection.js';
import { ConnectionProtection } from '../modules/connections/connection-protection.js';
import { ConnectionsService } from '../modules/connections/connections.service.js';
import { EvidenceWriter } from '../modules/evidence/evidence-writer.js';
import { LogHealth } from '../modules/evidence/log-health.js';
import { EndedAiSessions, namedAiSession } from '../modules/kill-switch/ended-ai-sessions.js';
import { MaskingRulesService } from '../modules/masking-rules/masking-rules.service.js';
import { actorOf } from '../modules/people/actor.js';
import { PolicyRuntime } from '../modules/policies/policy-runtime.js';
import { Recorder, type SessionRecorder } from '../modules/recording/recorder.js';
import { ReviewsService } from '../modules/reviews/reviews.service.js';
import type { RedeemedTicket } from '../modules/tickets/ticket.js';
import { TicketsService } from '../modules/tickets/tickets.service.js';
import { turnKeyOf } from '../modules/turns/turn-key.js';
import { TurnStates } from '../modules/turns/turn-states.js';
import { Drain, Ids, Log, Metrics } from '../platform/index.js';
import type { House } from './house.js';
import { dialTimeoutMs, LiveSession } from './live-session.js';
import { LiveSessions } from './live-sessions.js';
import { SessionSlots } from './session-slots.js';

/** The door: from what a client shows to a session that is on record, or a refusal that tells it nothing it may not know. */
@Injectable()
export class Admission {
  private readonly house: House;

  constructor(
    private readonly database: DataSource,
    private readonly tickets: TicketsService,
    private readonly connections: ConnectionsService,
    private readonly protection: ConnectionProtection,
    private readonly slots: SessionSlots,
    private readonly sessions: LiveSessions,
    private readonly recorder: Recorder,
    private readonly evidence: EvidenceWriter,
    private readonly logHealth: LogHealth,
    private readonly tunnel: TunnelHost,
    private readonly turns: TurnStates,
    private readonly endedAiSessions: EndedAiSessions,
    private readonly drain: Drain,
    private readonly ids: Ids,
    private readonly log: Log,
    policies: PolicyRuntime,
    masking: MaskingRulesService,
    reviews: ReviewsService,
    witnesses: ModelWitnesses,
    refusedCalls: RefusedCalls,
    budgets: Reservations,
    metrics: Metrics,
  ) {
    const decisions = metrics.counter({
      name: 'sallyport_decisions_total',
      help: 'Decisions of the policies',
      labels: ['outcome'],
    });
    this.house = {
      policies,
      masking,
      reviews,
      protection,
      turns,
      endedAiSessions,
      tunnel,
      witnesses,
      refusedCalls,
      budgets,
      decided: (outcome: Decision['outcome']) => decisions.inc({ outcome }),
    };
  }

  /** @throws GatewayError TICKET_INVALID, TICKET_EXPIRED, CONNECTION_UNPROTECTED, GRANT_ENDED, TOO_MANY_SESSIONS, RECORDING_UNAVAILABLE, EVIDENCE_INCONSISTENT, SHUTTING_DOWN */
  async admit(protocol: ProtocolName, claim: Claim): Promise<LiveSession> {
    if (this.drain.draining)
      throw new GatewayError('SHUTTING_DOWN', 'this control plane is shutting down', {
        hint: 'connect again: another replica, or the next start, will serve you',
      });
    this.logHealth.assertSound();
    const { ticket, connection } = await this.redeemed(claim);
    if (connection === undefined || connection.protocol !== protocol) throw invalidTicket();
    try {
      return await this.start({ claim, ticket, connection });
    } catch (error) {
      await this.recordRefusal({ claim, ticket, connection }, error);
      throw error;
    }
  }

  private async redeemed(claim: Claim): Promise<{ ticket: RedeemedTicket; connection: Connection | undefined }> {
    try {
      const found = await this.tickets.find(claim);
      const [ticket, connection] = await Promise.all([
        this.tickets.identified(found),
        this.connections.findById(found.connection_id),
      ]);
      return { ticket, connection };
    } catch (cause) {
      if (cause instanceof GatewayError) throw cause;
      throw new GatewayError('RECORDING_UNAVAILABLE', 'the ticket cannot be checked right now', {
        cause,
        hint: 'try again in a minute',
      });
    }
  }

  private async start({ claim, ticket, connection }: Attempt): Promise<LiveSession> {
    await Promise.all([this.protection.assertProtected(connection), this.knowTurn(ticket)]);
    const id = this.ids.next<SessionId>();
    await this.slots.take({
      session: id,
      ticket: { id: ticket.ticketId, most: ticket.maxSessions },
      connection: { id: connection.id, name: connection.name, most: connection.maxSessions },
    });
    const recorder = this.recorder.session(id);
    const way = this.reach(id, connection);
    way.catch(() => undefined); // asked for again when the session is opened
    try {
      await this.recordStart(recorder, { claim, ticket, connection });
    } catch (error) {
      way.then(
        (channel) => channel.destroy(new GatewayError('SESSION_ENDED', 'the session was not recorded')),
        () => undefined,
      );
      await this.slots.release(id);
      throw error;
    }
    const { house } = this;
    const session = new LiveSession({ id, ticket, connection, recorder, house, way, left: () => this.left(id) });
    this.sessions.add(session);
    const named = namedAiSession(ticket.identity.id, ticket.turn);
    if (named !== undefined && this.endedAiSessions.has(named) === true) session.endAiSession(named); // told while it was being made
    return session;
  }

  /** What has happened in its turn on other connections and replicas, so that nothing is decided without it. */
  private async knowTurn({ identity, turn }: RedeemedTicket): Promise<void> {
    const key = turnKeyOf(identity.id, turn);
    const named = namedAiSession(identity.id, turn);
    await Promise.all([key && this.turns.load(key), named && this.endedAiSessions.read(named)]);
  }

  /** Asks the agent for a stream meanwhile; the target hears of it when `session.connect` has been decided and recorded. */
  private async reach(session: SessionId, { target, protocol }: Connection): Promise<Channel> {
    return this.tunnel.reach({ session, target, protocol }, { timeoutMs: dialTimeoutMs });
  }

  private recordStart(recorder: SessionRecorder, { claim, ticket, connection }: Attempt): Promise<void> {
    const { id, class: kind, issuer, subject, name, groups } = ticket.identity;
    const [agent] = this.tunnel.agentsServing(connection.target, connection.protocol);
    return recorder.started({
      identity: { id, class: kind, issuer, subject, name, groups },
      ticket: ticket.ticketId,
      turn: ticket.turn,
      connection: {
        id: connection.id,
        name: connection.name,
        version: connection.version,
        protocol: connection.protocol,
      },
      target: connection.target,
      ...(agent === undefined ? {} : { agent }),
      ...(claim.database === undefined ? {} : { database: claim.database }),
      client: clientOf(claim),
      assurance: ticket.assurance,
      recordsResponses: connection.recordResponses,
    });
  }

  private left(id: SessionId): void {
    this.sessions.remove(id);
    void this.slots.release(id);
  }

  /** A ticket that proves who it was is worth an entry; a wrong one is only counted, or anybody could fill the log. */
  private async recordRefusal({ claim, ticket, connection }: Attempt, error: unknown): Promise<void> {
    const body = {
      connection: connection.name,
      identity: actorOf(ticket.identity),
      ticket: ticket.ticketId,
      client: clientOf(claim),
      refusal: refusalOf(error),
    };
    await this.evidence
      .append(this.database, { event: 'session.refused', body })
      .catch((cause: unknown) => this.log.warn('session.refusal-unrecorded', { cause }));
  }
}

interface Attempt {
  readonly claim: Claim;
  readonly ticket: RedeemedTicket;
  readonly connection: Connection;
}

const clientOf = ({ clientName, clientAddress }: Claim) => ({
  ...(clientName === undefined ? {} : { name: clientName }),
  address: clientAddress,
});

const invalidTicket = (): GatewayError =>
  new GatewayError('TICKET_INVALID', 'the ticket is not valid for this connection', {
    hint: 'get a new one: "sallyport connect <connection>"',
  });

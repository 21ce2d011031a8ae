import { Injectable } from '@nestjs/common';
import type { TicketId } from '@sallyport/core';
import { type Authentication, Clock, Configuration, Ids, Random, type Sql } from '../../platform/index.js';
import type { ConnectionRow } from '../connections/connection.js';
import { EvidenceWriter } from '../evidence/evidence-writer.js';
import { actorOf } from '../people/actor.js';
import type { Attribution } from './attribution.js';
import { ticketHash, ticketText } from './ticket.js';

export interface NewTicket {
  readonly login: Authentication;
  readonly connection: ConnectionRow;
  readonly attribution: Attribution;
  /** Asked for; what is longer than allowed is cut. */
  readonly ttlSeconds: number | undefined;
}

/** A ticket as it is shown once: its text is kept nowhere. */
export interface MadeTicket {
  readonly id: TicketId;
  readonly ticket: string;
  readonly expires: Date;
}

const mostSeconds = 900;

const insert = `
  insert into tickets (id, secret_hash, person_id, grant_id, connection_id, ai_client, ai_session, agent, turn, tool_call,
    assurance, ai_tool_call_id, command_hmac, ambiguous, outlives_call, max_sessions, issued_at, expires_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`;

/** Makes tickets, each on record in the transaction that makes it. */
@Injectable()
export class TicketWriter {
  constructor(
    private readonly evidence: EvidenceWriter,
    private readonly configuration: Configuration,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly random: Random,
  ) {}

  async write(tx: Sql, { login, connection, attribution, ttlSeconds }: NewTicket): Promise<MadeTicket> {
    const { identity, grantId, expiresAt } = login;
    const { turn, assurance, call } = attribution;
    const now = this.clock.now();
    const lifetime = Math.min((ttlSeconds ?? mostSeconds) * 1000, this.configuration.ticketMaxMs);
    const expires = new Date(Math.min(now.getTime() + lifetime, expiresAt.getTime()));
    const id = this.ids.next<TicketId>();
    const ticket = ticketText(this.random.bytes(32));
    await tx.query(insert, [
      id,
      ticketHash(ticket),
      identity.id,
      grantId,
      connection.id,
      turn.client ?? null,
      turn.aiSession ?? null,
      turn.agent ?? null,
      turn.turn ?? null,
      turn.toolCall ?? null,
      assurance,
      call?.id ?? null,
      call?.command ?? null,
      call?.isAmbiguous ?? false,
      call?.outlives ?? false,
      this.configuration.maxSessionsPerTicket,
      now,
      expires,
    ]);
    await this.evidence.append(tx, {
      event: 'ticket.issued',
      body: {
        ticket: id,
        identity: actorOf(identity),
        connection: connection.name,
        turn,
        expiresAt: expires.toISOString(),
        assurance,
        ...(call === undefined ? {} : { toolCall: call.id }),
        ...(call?.command === undefined ? {} : { command: call.command.toString('hex') }),
        ...(call?.isAmbiguous === true ? { ambiguous: true } : {}),
      },
    });
    return { id, ticket, expires };
  }
}

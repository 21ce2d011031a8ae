import { Injectable } from '@nestjs/common';
import type { Assurance, ProtocolName } from '@sallyport/core';
import { DataSource } from 'typeorm';
import type { Authentication } from '../../platform/index.js';
import { ConnectionsService } from '../connections/connections.service.js';
import { Attributions } from './attributions.service.js';
import type { ExecTicketsBody } from './exec-tickets.dto.js';
import { type IssuedTicket, TicketIssuer } from './ticket-issuer.js';
import { TicketWriter } from './ticket-writer.js';

/** Tickets that one tool call gets at most: the first by name. */
export const mostExecTickets = 50;
/** What programs in a shell do not speak: an AI client has its own way to its model. */
const notForShells: ReadonlySet<ProtocolName> = new Set(['anthropic', 'openai']);

export interface ExecTickets {
  readonly assurance: Assurance;
  /** The client's ids, where they are known by a witness, or for the turn by the time. */
  readonly turn: string | null;
  readonly tool_call: string | null;
  /** Another call with the same command was under way, and it may have been that one. */
  readonly ambiguous: boolean;
  readonly tickets: readonly IssuedTicket[];
}

/** Exchanges a login and what a client says that it runs for tickets of that one tool call. */
@Injectable()
export class ExecTicketIssuer {
  constructor(
    private readonly database: DataSource,
    private readonly connections: ConnectionsService,
    private readonly attributions: Attributions,
    private readonly writer: TicketWriter,
    private readonly issuer: TicketIssuer,
  ) {}

  /**
   * One ticket for each connection that the caller may use, or those of them that are named; all of them or none.
   * @throws GatewayError SESSION_ENDED
   */
  async issue(login: Authentication, body: ExecTicketsBody): Promise<ExecTickets> {
    const { client, ai_session: aiSession, tool_call: toolCall, agent, command, traceparent } = body;
    const usable = await this.connections.allVisible(login.identity, body.connections);
    const chosen = usable.filter(({ protocol }) => !notForShells.has(protocol)).slice(0, mostExecTickets);
    return this.database.transaction(async (tx) => {
      const claims = { client, aiSession, toolCall, agent, command, traceparent };
      const attribution = await this.attributions.of(tx, login.identity.id, claims);
      const tickets: IssuedTicket[] = [];
      for (const connection of chosen) {
        const made = await this.writer.write(tx, { login, connection, attribution, ttlSeconds: body.ttl_seconds });
        tickets.push(this.issuer.shown(connection, made));
      }
      const { assurance, turn, call } = attribution;
      return {
        assurance,
        turn: assurance === 'identity' ? null : (turn.turn ?? null),
        tool_call: call === undefined ? null : (turn.toolCall ?? null),
        ambiguous: call?.isAmbiguous ?? false,
        tickets,
      };
    });
  }
}

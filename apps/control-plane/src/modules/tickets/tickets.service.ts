import { Injectable } from '@nestjs/common';
import { GatewayError, type Identity, type TicketId } from '@sallyport/core';
import { DataSource } from 'typeorm';
import {
  afterOf,
  Clock,
  idCursor,
  may,
  Notifications,
  type Page,
  type PageQuery,
  pageOf,
  rowOf,
  rowsOf,
} from '../../platform/index.js';
import { EvidenceWriter } from '../evidence/evidence-writer.js';
import { GrantsService } from '../grants/grants.service.js';
import { actorOf } from '../people/actor.js';
import {
  assuranceNow,
  callIsOver,
  looksLikeTicket,
  type RedeemedTicket,
  type ShownTicketRow,
  type TicketRow,
  type TicketView,
  ticketHash,
  turnOf,
  viewOf,
} from './ticket.js';

/** Channel of revoked tickets: `{ ticketId }`. Their sessions end. */
export const ticketRevoked = 'ticket_revoked';

const selected = `select t.*, c.name as connection_name from tickets t join connections c on c.id = t.connection_id`;
const shown = `
  select t.*, c.name as connection_name, k.hook_command_hmac, k.model_command_hmac, k.agrees, k.finished_at as call_finished_at
  from tickets t join connections c on c.id = t.connection_id left join ai_tool_calls k on k.id = t.ai_tool_call_id`;

// One text for a wrong ticket, one of another connection, a revoked one and a connection that is not there.
const invalid = (): GatewayError =>
  new GatewayError('TICKET_INVALID', 'the ticket is not valid for this connection', {
    hint: 'get a new one: "sallyport connect <connection>"',
  });

interface ShownTicket {
  readonly ticket: string;
  /** Absent where the client's protocol has no place for it. */
  readonly connection?: string;
}

/** Short-lived credentials for one connection, worth nothing outside this gateway. */
@Injectable()
export class TicketsService {
  constructor(
    private readonly database: DataSource,
    private readonly grants: GrantsService,
    private readonly evidence: EvidenceWriter,
    private readonly notifications: Notifications,
    private readonly clock: Clock,
  ) {}

  /**
   * Checks what a client showed at a listener. The answers are alike in shape and time whatever is wrong.
   * @throws GatewayError TICKET_INVALID, TICKET_EXPIRED, GRANT_ENDED
   */
  async redeem(shown: ShownTicket): Promise<RedeemedTicket> {
    return this.identified(await this.find(shown));
  }

  /** The first half of `redeem`: a ticket that is good. */
  async find({ ticket, connection }: ShownTicket): Promise<ShownTicketRow> {
    const row = await rowOf<ShownTicketRow>(
      this.database,
      `${shown} where t.secret_hash = $1 and ($2::text is null or c.name = $2) and c.deleted_at is null`,
      [ticketHash(ticket), connection ?? null],
    );
    if (row === undefined || row.revoked_at !== null || !looksLikeTicket(ticket)) throw invalid();
    if (row.expires_at <= this.clock.now()) {
      throw new GatewayError('TICKET_EXPIRED', 'the ticket has expired', {
        hint: 'get a new one: "sallyport connect <connection>"',
      });
    }
    if (callIsOver(row)) {
      throw new GatewayError('TICKET_EXPIRED', 'the tool call that this ticket is for has ended', {
        hint: 'run it in a tool call of its own',
      });
    }
    return row;
  }

  /** The second half: whoever it was issued to may still use it. */
  async identified(row: ShownTicketRow): Promise<RedeemedTicket> {
    const { identity, expiresAt: grantExpiresAt } = await this.grants.check(row.grant_id, this.database, row.person_id);
    return {
      identity,
      turn: turnOf(row),
      ticketId: row.id,
      expiresAt: row.expires_at,
      grantId: row.grant_id,
      grantExpiresAt,
      connectionId: row.connection_id,
      assurance: assuranceNow(row),
      maxSessions: row.max_sessions,
    };
  }

  /** The caller's own. */
  async list(caller: Identity, query: PageQuery): Promise<Page<TicketView>> {
    const rows = await rowsOf<TicketRow>(
      this.database,
      `${selected} where t.person_id = $1 and ($2::uuid is null or t.id < $2) order by t.id desc limit $3`,
      [caller.id, idCursor(afterOf(query)), query.limit + 1],
    );
    return pageOf(rows, query, ({ id }) => id, viewOf);
  }

  /** Somebody else's ticket is not found, except by an administrator. */
  async revoke(by: Identity, id: TicketId): Promise<void> {
    await this.database.transaction(async (tx) => {
      const row = await rowOf<TicketRow>(tx, 'select * from tickets where id = $1 for update', [id]);
      if (row === undefined || (row.person_id !== by.id && !may(by, 'ticket.revoke-any')))
        throw new GatewayError('NOT_FOUND', 'there is no such ticket');
      if (row.revoked_at !== null) return;
      await tx.query('update tickets set revoked_at = $2 where id = $1', [id, this.clock.now()]);
      await this.evidence.append(tx, { event: 'ticket.revoked', body: { ticket: id, by: actorOf(by) } });
      await this.notifications.publish(tx, ticketRevoked, { ticketId: id });
    });
  }
}

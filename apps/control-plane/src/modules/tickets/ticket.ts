import { createHash } from 'node:crypto';
import type { Assurance, ConnectionId, Identity, PersonId, TicketId, TurnContext } from '@sallyport/core';

/** 256 random bits, base64url, after a prefix by which scanners and masking know it. */
const shape = /^spt_[A-Za-z0-9_-]{43}$/;

export const ticketText = (random: Uint8Array): string => `spt_${Buffer.from(random).toString('base64url')}`;
export const looksLikeTicket = (text: string): boolean => shape.test(text);

/** All that is kept of a ticket. Its 256 bits are random, so a plain digest cannot be searched. */
export const ticketHash = (text: string): string => createHash('sha256').update(text).digest('hex');

export interface TicketRow {
  readonly id: TicketId;
  readonly person_id: PersonId;
  readonly grant_id: string;
  readonly connection_id: ConnectionId;
  readonly connection_name: string;
  readonly ai_session: string | null;
  readonly turn: string | null;
  readonly tool_call: string | null;
  readonly assurance: Assurance;
  readonly max_sessions: number;
  readonly issued_at: Date;
  readonly expires_at: Date;
  readonly revoked_at: Date | null;
}

/** What a ticket proves to the gateway. */
export interface RedeemedTicket {
  readonly identity: Identity;
  readonly turn: TurnContext;
  readonly ticketId: TicketId;
  /** Nothing new may be begun with it from then on. */
  readonly expiresAt: Date;
  readonly grantId: string;
  /** When the login behind it ends: its sessions end then, at the latest. */
  readonly grantExpiresAt: Date;
  readonly connectionId: ConnectionId;
  readonly assurance: Assurance;
  /** Sessions that it may have open at the same time. */
  readonly maxSessions: number;
}

export interface TicketView {
  readonly id: string;
  readonly connection: string;
  readonly ai_session?: string;
  readonly turn?: string;
  readonly tool_call?: string;
  readonly issued_at: string;
  readonly expires_at: string;
  readonly revoked: boolean;
}

export const turnOf = ({
  ai_session,
  turn,
  tool_call,
}: Pick<TicketRow, 'ai_session' | 'turn' | 'tool_call'>): TurnContext => ({
  ...(ai_session === null ? {} : { aiSession: ai_session }),
  ...(turn === null ? {} : { turn }),
  ...(tool_call === null ? {} : { toolCall: tool_call }),
});

export const viewOf = (row: TicketRow): TicketView => ({
  id: row.id,
  connection: row.connection_name,
  ...(row.ai_session === null ? {} : { ai_session: row.ai_session }),
  ...(row.turn === null ? {} : { turn: row.turn }),
  ...(row.tool_call === null ? {} : { tool_call: row.tool_call }),
  issued_at: row.issued_at.toISOString(),
  expires_at: row.expires_at.toISOString(),
  revoked: row.revoked_at !== null,
});

import { createHash } from 'node:crypto';
import type { Assurance, ConnectionId, Identity, PersonId, TicketId, TurnContext } from '@sallyport/core';
import { assuranceOf, type WitnessedCall } from './assurance-level.js';

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
  readonly ai_client: string | null;
  readonly ai_session: string | null;
  /** The sub-agent's path. */
  readonly agent: string | null;
  readonly turn: string | null;
  readonly tool_call: string | null;
  /** When it was issued. */
  readonly assurance: Assurance;
  /** The tool call that witnesses have told of, the fingerprint of the command that it was matched by, and whether there was a choice. */
  readonly ai_tool_call_id: string | null;
  readonly command_hmac: Buffer | null;
  readonly ambiguous: boolean;
  /** What the call has left in the background goes on after the client has told its end. */
  readonly outlives_call: boolean;
  readonly max_sessions: number;
  readonly issued_at: Date;
  readonly expires_at: Date;
  readonly revoked_at: Date | null;
}

/** A ticket with what is known by now of its tool call; null where it has none. */
export interface ShownTicketRow extends TicketRow, NullableCall {}

type NullableCall = { readonly [Member in keyof KnownCall]: KnownCall[Member] | null };

interface KnownCall extends WitnessedCall {
  readonly call_finished_at: Date;
}

/** The level of what begins now: a second witness may have spoken since the ticket was issued, or one contradicted itself. */
export const assuranceNow = (row: ShownTicketRow): Assurance =>
  row.ai_tool_call_id === null ? row.assurance : assuranceOf(row, row.command_hmac);

/** Is the tool call over that the ticket is for? */
export const callIsOver = ({ call_finished_at, outlives_call }: ShownTicketRow): boolean =>
  call_finished_at !== null && !outlives_call;

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
  readonly ai_client?: string;
  readonly ai_session?: string;
  readonly agent?: string;
  readonly turn?: string;
  readonly tool_call?: string;
  readonly assurance: Assurance;
  readonly ambiguous: boolean;
  readonly issued_at: string;
  readonly expires_at: string;
  readonly revoked: boolean;
}

export const turnOf = ({ ai_client, ai_session, agent, turn, tool_call }: TicketRow): TurnContext => ({
  ...(ai_client === null ? {} : { client: ai_client }),
  ...(ai_session === null ? {} : { aiSession: ai_session }),
  ...(agent === null ? {} : { agent }),
  ...(turn === null ? {} : { turn }),
  ...(tool_call === null ? {} : { toolCall: tool_call }),
});

export const viewOf = (row: TicketRow): TicketView => ({
  id: row.id,
  connection: row.connection_name,
  ...(row.ai_client === null ? {} : { ai_client: row.ai_client }),
  ...(row.ai_session === null ? {} : { ai_session: row.ai_session }),
  ...(row.agent === null ? {} : { agent: row.agent }),
  ...(row.turn === null ? {} : { turn: row.turn }),
  ...(row.tool_call === null ? {} : { tool_call: row.tool_call }),
  assurance: row.assurance,
  ambiguous: row.ambiguous,
  issued_at: row.issued_at.toISOString(),
  expires_at: row.expires_at.toISOString(),
  revoked: row.revoked_at !== null,
});

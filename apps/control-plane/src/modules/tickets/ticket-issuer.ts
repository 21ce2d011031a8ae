import { Injectable } from '@nestjs/common';
import { deriveKeyPair, keyPairPurpose } from '@sallyport/aws';
import type { Assurance, TicketId } from '@sallyport/core';
import { DataSource } from 'typeorm';
import { type Authentication, ClientKeys, Clock, Configuration, Endpoints, Ids, Random } from '../../platform/index.js';
import type { ConnectionRow } from '../connections/connection.js';
import { ConnectionsService } from '../connections/connections.service.js';
import { EvidenceWriter } from '../evidence/evidence-writer.js';
import { actorOf } from '../people/actor.js';
import { ticketHash, ticketText, turnOf } from './ticket.js';
import type { IssueTicketBody } from './tickets.dto.js';

export interface IssuedTicket {
  readonly id: string;
  readonly ticket: string;
  readonly expires_at: string;
  readonly connection: string;
  readonly protocol: string;
  readonly endpoint: {
    readonly host: string;
    readonly port: number;
    readonly databases: readonly string[];
    readonly ca_certificate: string | null;
  };
  /** What requests to AWS are signed with; the session token is the ticket. Derived from it, and kept nowhere. */
  readonly aws?: {
    readonly access_key_id: string;
    readonly secret_access_key: string;
    /** Where a client that names no region should look; null where the connection does not say. */
    readonly region: string | null;
  };
}

/** Exchanges a login for a ticket. */
@Injectable()
export class TicketIssuer {
  constructor(
    private readonly database: DataSource,
    private readonly connections: ConnectionsService,
    private readonly endpoints: Endpoints,
    private readonly clientKeys: ClientKeys,
    private readonly evidence: EvidenceWriter,
    private readonly configuration: Configuration,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly random: Random,
  ) {}

  /** Whether the connection may be used is decided at connect; one that the caller cannot see is not found. */
  async issue({ identity, grantId, expiresAt }: Authentication, body: IssueTicketBody): Promise<IssuedTicket> {
    const connection = await this.connections.visible(identity, body.connection);
    const now = this.clock.now();
    const lifetime = Math.min((body.ttl_seconds ?? 900) * 1000, this.configuration.ticketMaxMs);
    const expires = new Date(Math.min(now.getTime() + lifetime, expiresAt.getTime()));
    const id = this.ids.next<TicketId>();
    const ticket = ticketText(this.random.bytes(32));
    const claims = { ai_session: body.ai_session ?? null, turn: body.turn ?? null, tool_call: body.tool_call ?? null };
    const assurance: Assurance = body.tool_call === undefined ? 'identity' : 'ticketed';

    await this.database.transaction(async (tx) => {
      await tx.query(
        `insert into tickets (id, secret_hash, person_id, grant_id, connection_id, ai_session, turn, tool_call, assurance, max_sessions, issued_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
        [
          id,
          ticketHash(ticket),
          identity.id,
          grantId,
          connection.id,
          claims.ai_session,
          claims.turn,
          claims.tool_call,
          assurance,
          this.configuration.maxSessionsPerTicket,
          now,
          expires,
        ],
      );
      await this.evidence.append(tx, {
        event: 'ticket.issued',
        body: {
          ticket: id,
          identity: actorOf(identity),
          connection: connection.name,
          turn: turnOf(claims),
          expiresAt: expires.toISOString(),
        },
      });
    });
    return {
      id,
      ticket,
      expires_at: expires.toISOString(),
      ...this.wayTo(connection),
      ...this.keysFor(connection, ticket),
    };
  }

  private keysFor({ protocol, settings }: ConnectionRow, ticket: string): Pick<IssuedTicket, 'aws'> {
    if (protocol !== 'aws') return {};
    const { accessKeyId, secretAccessKey } = deriveKeyPair(this.clientKeys.derive(keyPairPurpose, ''), ticket);
    const region = settings.regions?.[0] ?? null;
    return { aws: { access_key_id: accessKeyId, secret_access_key: secretAccessKey, region } };
  }

  private wayTo({
    name,
    protocol,
    databases,
  }: ConnectionRow): Pick<IssuedTicket, 'connection' | 'protocol' | 'endpoint'> {
    const {
      host,
      port,
      caCertificate = null,
    } = this.endpoints.find(protocol) ?? {
      host: this.configuration.publicHost,
      port: this.configuration.postgres.port,
    };
    return { connection: name, protocol, endpoint: { host, port, databases, ca_certificate: caCertificate } };
  }
}

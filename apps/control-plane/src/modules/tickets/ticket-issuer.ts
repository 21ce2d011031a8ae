import { Injectable } from '@nestjs/common';
import { deriveKeyPair, keyPairPurpose } from '@sallyport/aws';
import { DataSource } from 'typeorm';
import { type Authentication, ClientKeys, Configuration, Endpoints } from '../../platform/index.js';
import type { ConnectionRow } from '../connections/connection.js';
import { ConnectionsService } from '../connections/connections.service.js';
import { Attributions } from './attributions.service.js';
import { type MadeTicket, TicketWriter } from './ticket-writer.js';
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
    private readonly attributions: Attributions,
    private readonly writer: TicketWriter,
    private readonly endpoints: Endpoints,
    private readonly clientKeys: ClientKeys,
    private readonly configuration: Configuration,
  ) {}

  /**
   * Whether the connection may be used is decided at connect; one that the caller cannot see is not found.
   * @throws GatewayError CONNECTION_NOT_FOUND, SESSION_ENDED
   */
  async issue(login: Authentication, body: IssueTicketBody): Promise<IssuedTicket> {
    const connection = await this.connections.visible(login.identity, body.connection);
    const claims = { client: body.ai_client, aiSession: body.ai_session, turn: body.turn, toolCall: body.tool_call };
    const made = await this.database.transaction(async (tx) => {
      const attribution = await this.attributions.of(tx, login.identity.id, claims);
      return this.writer.write(tx, { login, connection, attribution, ttlSeconds: body.ttl_seconds });
    });
    return this.shown(connection, made);
  }

  /** A ticket with all that a client needs to use it. */
  shown(connection: ConnectionRow, { id, ticket, expires }: MadeTicket): IssuedTicket {
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

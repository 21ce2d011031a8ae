import { Injectable } from '@nestjs/common';
import { GatewayError, type Identity } from '@sallyport/core';
import { protocols } from '@sallyport/protocols';
import type { ConnectionRow } from './connection.js';
import type { HardenBody } from './connections.dto.js';
import { ConnectionsService } from './connections.service.js';

export interface HardeningView {
  readonly database: string;
  readonly role: string;
  /** For an administrator of the target to run there. */
  readonly script: string;
  /** What the self-check goes on to name because it was asked for: to be put among `accepted_problems`. */
  readonly accept: readonly string[];
}

/** Writes the login that a connection should have at its target. Neither target nor agent is asked anything. */
@Injectable()
export class Hardening {
  constructor(private readonly connections: ConnectionsService) {}

  async of(caller: Identity, name: string, body: HardenBody): Promise<HardeningView> {
    const connection = await this.connections.visible(caller, name);
    const side = await protocols.find((protocol) => protocol.name === connection.protocol)?.clientSide();
    if (side?.harden === undefined)
      throw new GatewayError('UNSUPPORTED', `targets of protocol "${connection.protocol}" have no such login`);
    const database = databaseOf(connection, body.database);
    const role = body.role ?? `sallyport_${name.replaceAll('-', '_')}`.slice(0, 63);
    const { script, expected } = side.harden({
      database,
      role,
      schemas: body.schemas ?? [],
      readWrite: body.read_write ?? false,
      withheld: body.withhold ?? [],
    });
    return { database, role, script, accept: expected };
  }
}

function databaseOf({ name, databases }: ConnectionRow, asked: string | undefined): string {
  const [first, second] = databases;
  const database = asked ?? (second === undefined ? first : undefined);
  if (database === undefined)
    throw new GatewayError('INVALID_INPUT', `the connection "${name}" has several databases`, {
      hint: `name one of ${databases.join(', ')}: each needs the script`,
    });
  if (!databases.includes(database))
    throw new GatewayError('DATABASE_NOT_ALLOWED', `the connection "${name}" has no database "${database}"`);
  return database;
}

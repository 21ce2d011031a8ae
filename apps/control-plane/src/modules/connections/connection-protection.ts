import { Injectable } from '@nestjs/common';
import { GatewayError } from '@sallyport/core';
import { Clock, type Sql } from '../../platform/index.js';
import { SelfChecks } from '../agents/self-checks.js';
import type { Connection } from './connection.js';
import { type Protection, protectionOf } from './protection.js';

/** Whether the targets agree that a connection's login may do no more than it should. */
@Injectable()
export class ConnectionProtection {
  constructor(
    private readonly selfChecks: SelfChecks,
    private readonly clock: Clock,
  ) {}

  /** @returns what answers for any connection, as of now */
  async now(sql?: Sql): Promise<(connection: Connection) => Protection> {
    const linked = await this.selfChecks.linkedDatabases(sql);
    const now = this.clock.now();
    return (connection) => protectionOf(connection, linked, now);
  }

  /** Where the connection asks for it. @throws GatewayError CONNECTION_UNPROTECTED */
  async assertProtected(connection: Connection): Promise<void> {
    if (!connection.requireProtected) return;
    const { state } = (await this.now().catch(unknown))(connection);
    if (state === 'protected') return;
    throw new GatewayError('CONNECTION_UNPROTECTED', `the connection "${connection.name}" ${because[state]}`, {
      hint: `an administrator sees why: "sallyport connections show ${connection.name}"`,
    });
  }
}

const because = {
  unprotected: 'is not protected: the login at its target may do more than it should',
  unchecked: 'is not known to be protected: what the login at its target may do has not been checked',
} as const;

const unknown = (cause: unknown): never => {
  throw new GatewayError(
    'CONNECTION_UNPROTECTED',
    'whether the connection is protected cannot be looked up right now',
    {
      cause,
      hint: 'try again in a minute',
    },
  );
};

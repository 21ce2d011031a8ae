import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Facts, Identity } from '@sallyport/core';
import type { Connection } from '../connections/connection.js';
import { ConnectionVisibility } from '../connections/connection-visibility.js';
import { PolicyRuntime } from './policy-runtime.js';

/** People are told about the connections that the policies let them open, with a review or without. */
@Injectable()
export class VisibilityByPolicy implements OnModuleInit {
  constructor(
    private readonly visibility: ConnectionVisibility,
    private readonly runtime: PolicyRuntime,
  ) {}

  onModuleInit(): void {
    this.visibility.decideBy((identity, connection) =>
      waysIn(connection).some((facts) => this.opens(identity, connection, facts)),
    );
  }

  private opens(identity: Identity, { name, labels, protocol }: Connection, facts: Facts): boolean {
    const { outcome } = this.runtime.decide({
      identity,
      connection: { name, labels, protocol },
      operation: { action: 'session.connect', risk: 'read', facts },
      assurance: 'ticketed',
      turn: {},
    });
    return outcome !== 'deny';
  }
}

/** A protocol without databases has one way in. */
const waysIn = ({ databases }: Connection): readonly Facts[] =>
  databases.length === 0 ? [{}] : databases.map((database) => ({ database }));

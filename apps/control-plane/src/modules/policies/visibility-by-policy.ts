import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Identity } from '@sallyport/core';
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
      connection.databases.some((database) => this.opens(identity, connection, database)),
    );
  }

  private opens(identity: Identity, { name, labels, protocol }: Connection, database: string): boolean {
    const { outcome } = this.runtime.decide({
      identity,
      connection: { name, labels, protocol },
      operation: { action: 'session.connect', risk: 'read', facts: { database } },
      assurance: 'ticketed',
      turn: {},
    });
    return outcome !== 'deny';
  }
}

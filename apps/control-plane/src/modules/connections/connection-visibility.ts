import { Injectable } from '@nestjs/common';
import type { Identity } from '@sallyport/core';
import type { Connection } from './connection.js';

type Rule = (caller: Identity, connection: Connection) => boolean;

/**
 * Which connections somebody is told about: those that the policy lets them connect to. Whoever decides that registers
 * here; until somebody has, nobody sees any.
 */
@Injectable()
export class ConnectionVisibility {
  private rule: Rule = () => false;

  decideBy(rule: Rule): void {
    this.rule = rule;
  }

  visible(caller: Identity, connection: Connection): boolean {
    return this.rule(caller, connection);
  }
}

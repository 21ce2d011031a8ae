import type { Identity } from '@sallyport/core';
import { may } from '../../platform/index.js';
import type { Connection } from './connection.js';
import type { Finding, Protection, ProtectionState, Unasked } from './protection.js';

export interface ProtectionView {
  readonly state: ProtectionState;
  /** What follows is for who may see every connection: it says where a target is weak. */
  readonly problems?: number;
  readonly findings?: readonly Finding[];
  readonly unasked?: readonly Unasked[];
  readonly advice?: string;
}

const mostFindings = 300;

/** How many there are is for those who may see which. */
export const briefly = (caller: Identity, { state, findings, more }: Protection): ProtectionView =>
  may(caller, 'connection.read-any') ? { state, problems: findings.length + more } : { state };

export const inFull = (
  caller: Identity,
  connection: Pick<Connection, 'name' | 'target'>,
  protection: Protection,
): ProtectionView =>
  may(caller, 'connection.read-any')
    ? {
        ...briefly(caller, protection),
        findings: protection.findings.slice(0, mostFindings),
        unasked: protection.unasked,
        ...adviceOf(connection, protection),
      }
    : briefly(caller, protection);

function adviceOf({ name, target }: Pick<Connection, 'name' | 'target'>, { state }: Protection): { advice?: string } {
  switch (state) {
    case 'protected':
      return {};
    case 'unchecked':
      return { advice: `see that every agent which offers "${target}" is linked and reaches it` };
    case 'unprotected':
      return {
        advice: `"sallyport connections harden ${name}" prints the SQL that makes a login without these; what it is meant to have, accept by name: "sallyport connections update ${name} --accept <problem>"`,
      };
  }
}

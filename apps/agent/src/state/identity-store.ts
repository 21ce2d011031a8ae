import { join } from 'node:path';
import { GatewayError } from '@sallyport/core';
import type { AgentIdentity } from '@sallyport/tunnel';
import { readIfPresent, writeDurably } from './files.js';

/** The agent's certificate, key and authority, in one file so that a renewal replaces all of it or nothing. */
export class IdentityStore {
  private readonly path: string;

  constructor(stateDir: string) {
    this.path = join(stateDir, 'identity.json');
  }

  /** @returns undefined before enrolment */
  load(): AgentIdentity | undefined {
    const text = readIfPresent(this.path);
    return text === undefined ? undefined : parseIdentity(text, this.path);
  }

  save(identity: AgentIdentity): void {
    writeDurably(this.path, JSON.stringify(identity));
  }
}

function parseIdentity(text: string, path: string): AgentIdentity {
  try {
    const { certificate, privateKey, ca } = JSON.parse(text) as Partial<AgentIdentity>;
    if (typeof certificate === 'string' && typeof privateKey === 'string' && typeof ca === 'string')
      return { certificate, privateKey, ca };
  } catch {
    // falls through: what a broken file says is of no interest, and it may hold a part of the key
  }
  throw new GatewayError('INVALID_INPUT', `"${path}" is damaged`, {
    hint: 'remove it and enrol the agent again with a new key',
  });
}

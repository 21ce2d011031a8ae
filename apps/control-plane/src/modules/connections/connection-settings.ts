import { GatewayError, type ProtocolName } from '@sallyport/core';
import type { ConnectionSettings } from './connection.js';

interface Given {
  readonly regions?: readonly string[] | undefined;
  readonly accounts?: readonly string[] | undefined;
  readonly role?: string | undefined;
}

const ofAws = ['regions', 'accounts', 'role'] as const;
const withoutDatabases: ReadonlySet<ProtocolName> = new Set(['aws', 'anthropic', 'openai']);

/**
 * What a body says about a connection's own protocol, over what it had.
 * @throws GatewayError INVALID_INPUT where the protocol has no such setting
 */
export function settingsOf(protocol: ProtocolName, given: Given, before: ConnectionSettings = {}): ConnectionSettings {
  const said = ofAws.filter((name) => given[name] !== undefined);
  if (said.length > 0 && protocol !== 'aws')
    throw new GatewayError('INVALID_INPUT', `a connection of protocol "${protocol}" has no "${said[0]}"`);
  const { role, ...lists } = { ...before, ...Object.fromEntries(said.map((name) => [name, given[name]])) };
  return role === undefined || role === '' ? lists : { ...lists, role };
}

/** @throws GatewayError INVALID_INPUT where databases are missing or make no sense */
export function assertDatabases(protocol: ProtocolName, databases: readonly string[]): void {
  const has = !withoutDatabases.has(protocol);
  if (has && databases.length === 0)
    throw new GatewayError('INVALID_INPUT', 'databases must list at least one', { hint: 'say which clients may open' });
  if (!has && databases.length > 0)
    throw new GatewayError('INVALID_INPUT', `a connection of protocol "${protocol}" has no databases`, {
      hint: protocol === 'aws' ? 'say "regions" and "accounts" instead' : 'leave them out',
    });
}

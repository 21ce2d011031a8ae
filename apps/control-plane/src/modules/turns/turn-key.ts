import { createHash } from 'node:crypto';
import type { PersonId, TurnContext } from '@sallyport/core';
import { unnamedClient } from '../ai-sessions/ai-session-rows.js';

/** Names one turn of one person: SHA-256 in hex. */
export type TurnKey = string & { readonly __brand: 'TurnKey' };

/**
 * What a client calls its turns means something within this person, this client and this AI session only: what somebody
 * else says of an id that he has seen is said of another turn.
 */
export function turnKeyOf(person: PersonId, { client, aiSession, turn }: TurnContext): TurnKey | undefined {
  if (turn === undefined) return undefined;
  const named = JSON.stringify(['sallyport turn v1', person, client ?? unnamedClient, aiSession ?? null, turn]);
  return createHash('sha256').update(named).digest('hex') as TurnKey;
}

import type { SessionHandle } from '@sallyport/engine';
import type { OpenHead } from '../wire.js';

/** What an agent is told as it opens a way for this session. */
export function openHead({ connection, identity, id, turn }: SessionHandle): OpenHead {
  const { regions, accounts, role } = connection.settings as Partial<OpenHead>;
  return {
    regions: regions ?? [],
    accounts: accounts ?? [],
    ...(role === undefined ? {} : { role }),
    attribution: { session: id, person: identity.name, ...turn },
  };
}

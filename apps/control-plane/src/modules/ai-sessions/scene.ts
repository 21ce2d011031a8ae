import type { Identity } from '@sallyport/core';
import type { AiSessionNamed } from '@sallyport/evidence';
import type { Sql } from '../../platform/index.js';
import type { AiSessionRow } from './ai-session-rows.js';
import type { PersonalText } from './personal-texts.js';

/** Whose AI says something, and in which conversation; the ids are the client's. */
export interface Speaker {
  readonly identity: Identity;
  readonly client: string;
  readonly clientSession: string;
}

/** One thing that a witness tells, inside its transaction: the row of its AI session is locked until the commit. */
export interface Scene {
  readonly tx: Sql;
  readonly session: AiSessionRow;
  readonly identity: Identity;
  readonly personal: PersonalText;
  readonly at: Date;
}

/** What every event of the session begins with. */
export const namedIn = ({ session }: Pick<Scene, 'session'>): AiSessionNamed => ({
  aiSession: session.id,
  person: session.person_id,
  client: session.client,
  clientSession: session.client_session,
});

import type { PersonId } from '@sallyport/core';
import type { Actor } from '@sallyport/evidence';
import type { LoginMethod } from '../../platform/index.js';
import type { PersonClaims } from '../people/person.js';

/** One login, as a credential that was just verified shows it. */
export interface Login {
  /** A person of the issuer, or the id of a service account. */
  readonly who: PersonClaims | { readonly serviceAccount: PersonId };
  /** The same for every credential that comes from one act of logging in. */
  readonly key: string;
  readonly method: LoginMethod;
  /** When the credential was had; a credential from before the end of a grant cannot open the next. */
  readonly authenticatedAt: Date;
  /**
   * Whether a later credential of the same key may open the next grant: `always` when it was had after the end of the
   * last, `after-expiry` when that one ran out but was not ended, `never` when the key names one act of logging in.
   */
  readonly repeatable: 'always' | 'after-expiry' | 'never';
  readonly address?: string;
}

export interface Grant {
  readonly id: string;
  readonly person_id: PersonId;
  readonly groups: readonly string[];
  readonly started_at: Date;
  readonly expires_at: Date;
  readonly ended_at: Date | null;
  readonly end_reason: string | null;
}

export interface GrantsEnd {
  readonly person: PersonId;
  readonly by: Actor;
  readonly reason: string;
}

import type { Person } from './person.js';

export interface PersonView {
  readonly id: string;
  readonly class: string;
  readonly issuer: string;
  readonly subject: string;
  readonly name: string;
  readonly email: string | null;
  /** Given to this person here; groups may give more at each login. */
  readonly roles: readonly string[];
  readonly disabled: boolean;
  readonly created_at: string;
  readonly last_seen_at: string;
}

export const viewOf = (person: Person): PersonView => ({
  id: person.id,
  class: person.class,
  issuer: person.issuer,
  subject: person.subject,
  name: person.name,
  email: person.email,
  roles: person.roles,
  disabled: person.disabled_at !== null,
  created_at: person.created_at.toISOString(),
  last_seen_at: person.last_seen_at.toISOString(),
});

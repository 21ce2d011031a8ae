import type { Identity, IdentityClass, PersonId, Role } from '@sallyport/core';

/** A row of `people`: somebody or something that can log in. */
export interface Person {
  readonly id: PersonId;
  readonly issuer: string;
  readonly subject: string;
  readonly class: IdentityClass;
  readonly name: string;
  readonly email: string | null;
  readonly email_verified: boolean;
  readonly roles: readonly Role[];
  readonly disabled_at: Date | null;
  readonly created_at: Date;
  readonly last_seen_at: Date;
}

/** What an issuer says about whoever logged in. */
export interface PersonClaims {
  readonly issuer: string;
  readonly subject: string;
  readonly name?: string;
  readonly email?: string;
  readonly emailVerified?: boolean;
  readonly groups: readonly string[];
}

type RoleGroups = Readonly<Record<Role, readonly string[]>>;

// Identities of the AI class only use connections; machines settle nothing. The table has the same constraints.
const possible: Readonly<Record<IdentityClass, readonly Role[]>> = {
  person: ['admin', 'reviewer', 'auditor', 'user'],
  machine: ['admin', 'auditor', 'user'],
  ai: ['user'],
};

/** Roles by group, as the configuration says, and the person's own, as far as the class may hold them. */
export function identityOf(person: Person, groups: readonly string[], roleGroups: RoleGroups): Identity {
  const byGroup = (role: Role): boolean =>
    roleGroups[role].some((group) => (group === '*' ? person.class === 'person' : groups.includes(group)));
  return {
    id: person.id,
    class: person.class,
    issuer: person.issuer,
    subject: person.subject,
    name: person.name,
    groups,
    roles: possible[person.class].filter((role) => person.roles.includes(role) || byGroup(role)),
  };
}

import type { PersonId, Role } from '@sallyport/core';

/** A row of `service_accounts` joined with its row of `people`. */
export interface ServiceAccount {
  readonly id: PersonId;
  readonly name: string;
  readonly class: 'machine' | 'ai';
  readonly description: string;
  readonly groups: readonly string[];
  readonly roles: readonly Role[];
  readonly owner_id: PersonId;
  readonly client_subject: string | null;
  readonly secret_hash: string | null;
  readonly secret_made_at: Date | null;
  readonly disabled_at: Date | null;
  readonly created_at: Date;
  readonly last_seen_at: Date;
}

export interface ServiceAccountView {
  readonly id: string;
  readonly name: string;
  readonly class: string;
  readonly description: string;
  readonly groups: readonly string[];
  readonly roles: readonly string[];
  readonly owner_id: string;
  /** `sub` of the issuer's client-credentials tokens that log this account in. */
  readonly client_subject: string | null;
  readonly has_secret: boolean;
  readonly disabled: boolean;
  readonly created_at: string;
}

export const viewOf = (account: ServiceAccount): ServiceAccountView => ({
  id: account.id,
  name: account.name,
  class: account.class,
  description: account.description,
  groups: account.groups,
  roles: account.roles,
  owner_id: account.owner_id,
  client_subject: account.client_subject,
  has_secret: account.secret_hash !== null,
  disabled: account.disabled_at !== null,
  created_at: account.created_at.toISOString(),
});

/** What goes on record of one: everything but the secret. */
export const recordOf = ({ groups, roles, client_subject, disabled_at, description }: ServiceAccount) => ({
  groups,
  roles,
  client_subject,
  description,
  disabled: disabled_at !== null,
});

/** Only roles that the account's class may hold and that the caller holds: nobody makes an account stronger than themselves. */
export function missingRoles(wanted: readonly Role[], held: readonly Role[], kind: 'machine' | 'ai'): readonly Role[] {
  const possible: readonly Role[] = kind === 'ai' ? ['user'] : ['admin', 'auditor', 'user'];
  const strongest: readonly Role[] = held.includes('admin') ? possible : held;
  return wanted.filter((role) => !possible.includes(role) || !strongest.includes(role));
}

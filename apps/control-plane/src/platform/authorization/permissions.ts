import type { Identity, Role } from '@sallyport/core';

/**
 * Who may do what, as data. `…-any` widens a permission from one's own to everybody's: a service asks `may()` for it.
 * The golden test prints role × route from this table.
 */
export const permissions = {
  'identity.read': ['admin', 'reviewer', 'auditor', 'user'],
  'ticket.issue': ['admin', 'user'],
  'ticket.read': ['admin', 'user'],
  'ticket.revoke': ['admin', 'user'],
  'ticket.revoke-any': ['admin'],
  'witness-token.issue': ['admin', 'user'],
  'witness.tell': ['admin', 'user'],
  'ai-session.read': ['admin', 'auditor', 'user'],
  'ai-session.read-any': ['admin', 'auditor'],
  'ai-session.kill': ['admin', 'user'],
  'ai-session.kill-any': ['admin'],
  'connection.read': ['admin', 'reviewer', 'auditor', 'user'],
  'connection.read-any': ['admin', 'auditor'],
  'connection.write': ['admin'],
  'masking-rule.read': ['admin', 'auditor'],
  'masking-rule.write': ['admin'],
  'budget.read': ['admin', 'reviewer', 'auditor', 'user'],
  'budget.read-any': ['admin', 'auditor'],
  'budget.write': ['admin'],
  'model-price.read': ['admin', 'reviewer', 'auditor', 'user'],
  'model-price.write': ['admin'],
  'policy.read': ['admin', 'auditor'],
  'policy.write': ['admin'],
  'policy.test': ['admin', 'auditor'],
  'review.read': ['admin', 'reviewer', 'auditor', 'user'],
  'review.read-any': ['admin', 'reviewer', 'auditor'],
  'review.settle': ['admin', 'reviewer'],
  'agent.read': ['admin', 'auditor'],
  'agent.enrol': ['admin'],
  'agent.revoke': ['admin'],
  'service-account.read': ['admin', 'auditor'],
  'service-account.write': ['admin'],
  'person.read': ['admin', 'auditor'],
  'person.write': ['admin'],
  'person.end-grants': ['admin'],
  'session.read': ['admin', 'auditor', 'user'],
  'session.read-any': ['admin', 'auditor'],
  'session.end': ['admin', 'user'],
  'session.end-any': ['admin'],
  'evidence.read': ['admin', 'auditor'],
  'evidence.export': ['admin', 'auditor'],
  'evidence.erase': ['admin'],
  'evidence.repair': ['admin'],
} as const satisfies Readonly<Record<string, readonly Role[]>>;

export type Permission = keyof typeof permissions;

/** Open to everybody who is logged in, with or without a role. */
export const forAnyCaller: ReadonlySet<Permission> = new Set<Permission>(['identity.read']);

/** Whether one of the identity's roles holds the permission. */
export const may = (identity: Pick<Identity, 'roles'>, permission: Permission): boolean => {
  if (forAnyCaller.has(permission)) return true;
  const holders: readonly Role[] = permissions[permission];
  return identity.roles.some((role) => holders.includes(role));
};

import type { JWTPayload } from 'jose';
import type { PersonClaims } from '../../people/person.js';
import type { VerifiedToken } from './access-token.js';

const text = (value: unknown, most = 200): string | undefined =>
  typeof value === 'string' && value !== '' && value.length <= most ? value : undefined;

const mostGroups = 500;

/** A claim that is a list of names, or one name. Anything else is no group at all. */
export function groupsOf(payload: JWTPayload, claim: string): readonly string[] {
  const value = payload[claim];
  const all = Array.isArray(value) ? (value as unknown[]) : [value];
  return [...new Set(all.flatMap((group) => text(group) ?? []))].slice(0, mostGroups).sort();
}

/** Who a verified token speaks of. */
export function personClaimsOf(payload: VerifiedToken, groupsClaim: string): PersonClaims {
  const email = text(payload['email'], 320);
  const name = email ?? text(payload['preferred_username']) ?? text(payload['name']);
  return {
    issuer: payload.iss,
    subject: payload.sub,
    ...(name === undefined ? {} : { name }),
    ...(email === undefined ? {} : { email, emailVerified: payload['email_verified'] === true }),
    groups: groupsOf(payload, groupsClaim),
  };
}

/** RFC 9068, 2.2: without a resource owner, `sub` is the client itself. */
export const isClientItself = ({ sub, ...claims }: VerifiedToken): boolean =>
  claims['client_id'] === sub || claims['azp'] === sub || claims['gty'] === 'client-credentials';

export interface LoginKey {
  readonly key: string;
  readonly authenticatedAt: Date;
  readonly repeatable: 'always' | 'never';
}

/**
 * What stays the same for every token of one act of logging in: the issuer's session, else the time of the login.
 * Where the issuer says neither, the tokens of one client are one login, until it is ended.
 */
export function loginKeyOf({ iss, sub, iat, ...claims }: VerifiedToken): LoginKey {
  const about = (kind: string, value: string): string => JSON.stringify([kind, iss, sub, value]);
  const authTime = typeof claims['auth_time'] === 'number' ? claims['auth_time'] : undefined;
  const authenticatedAt = new Date((authTime ?? iat) * 1000);
  const sid = text(claims['sid']);
  // A token from a refresh is younger than the login: only the time of the login tells a new one in the same session.
  if (sid !== undefined)
    return { key: about('sid', sid), authenticatedAt, repeatable: authTime === undefined ? 'never' : 'always' };
  if (authTime !== undefined)
    return { key: about('auth_time', String(authTime)), authenticatedAt, repeatable: 'never' };
  return {
    key: about('client', text(claims['client_id']) ?? text(claims['azp']) ?? ''),
    authenticatedAt,
    repeatable: 'always',
  };
}

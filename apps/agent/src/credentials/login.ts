import { GatewayError } from '@sallyport/core';
import type { Credential } from '@sallyport/engine';

/**
 * Reads `{"username": …, "password": …}`, the form that AWS Secrets Manager keeps for databases.
 * @throws CREDENTIAL_UNAVAILABLE without a word of what was read
 */
export function parseLogin(text: string, what: string): Credential {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // falls through: a syntax error quotes its input
  }
  const { username, password } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  if (typeof username === 'string' && username !== '' && typeof password === 'string' && password !== '')
    return { user: username, password };
  throw new GatewayError('CREDENTIAL_UNAVAILABLE', `${what} must hold JSON with "username" and "password"`);
}

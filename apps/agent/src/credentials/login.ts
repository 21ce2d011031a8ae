import type { Credential } from '@sallyport/engine';
import { unavailable } from './unavailable.js';

export interface ReadFrom {
  /** In words that a client may read. */
  readonly what: string;
  readonly about: Readonly<Record<string, string>>;
}

/**
 * Reads `{"username": …, "password": …}`, the form that AWS Secrets Manager keeps for databases, or what
 * `credential_process` prints: `{"AccessKeyId": …, "SecretAccessKey": …, "SessionToken": …}`, or `{"api_key": …}`.
 * @throws CREDENTIAL_UNAVAILABLE without a word of what was read
 */
export function parseLogin(text: string, { what, about }: ReadFrom): Credential {
  const fields = parseObject(text);
  const username = textIn(fields, 'username');
  const password = textIn(fields, 'password');
  if (username !== undefined && password !== undefined) return { user: username, password };
  const keys = keysIn(fields);
  if (keys !== undefined) return keys;
  const apiKey = textIn(fields, 'api_key');
  if (apiKey !== undefined) return { user: 'api-key', password: apiKey };
  throw unavailable(
    `${what} must hold JSON with "username" and "password", "AccessKeyId" and "SecretAccessKey", or "api_key"`,
    {
      about,
    },
  );
}

function keysIn(fields: Readonly<Record<string, unknown>>): Credential | undefined {
  const accessKeyId = textIn(fields, 'AccessKeyId');
  const secretAccessKey = textIn(fields, 'SecretAccessKey');
  const sessionToken = textIn(fields, 'SessionToken');
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  return {
    user: accessKeyId,
    aws: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
  };
}

const textIn = (fields: Readonly<Record<string, unknown>>, name: string): string | undefined => {
  const value = fields[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
};

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {}; // a syntax error quotes its input
  }
}

import { createHash } from 'node:crypto';
import path from 'node:path';
import type { Api } from './api.js';
import { configDirectory, readIfThere, writePrivate } from './config-directory.js';

/** May post to the hooks and to OTLP, and nothing else. */
export interface WitnessToken {
  readonly token: string;
  readonly expires_at: string;
}

const freshMs = 60_000;

const fileOf = (env: NodeJS.ProcessEnv, url: string, client: string): string =>
  path.join(
    configDirectory(env),
    `witness-${createHash('sha256').update(`${url}\n${client}`).digest('hex').slice(0, 32)}.json`,
  );

const kept = (file: string, nowMs: number): WitnessToken | undefined => {
  try {
    const token = JSON.parse(readIfThere(file) ?? 'null') as WitnessToken | null;
    return token && Date.parse(token.expires_at) - nowMs > freshMs ? token : undefined;
  } catch {
    return undefined; // not ours, or half of it: a new one is cheap
  }
};

/** The token that this machine has for a client while it lasts, else a new one; kept for its owner only. */
export const witnessToken = async (
  api: Api,
  client: string,
  env: NodeJS.ProcessEnv,
  nowMs: number,
): Promise<WitnessToken> => {
  const file = fileOf(env, api.url, client);
  const found = kept(file, nowMs);
  if (found) return found;
  const { token, expires_at } = await api.send<WitnessToken>('POST', '/v1/witness-tokens', { client });
  writePrivate(file, `${JSON.stringify({ token, expires_at })}\n`);
  return { token, expires_at };
};

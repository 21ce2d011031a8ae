import type { AwsCredential, Credential } from '@sallyport/engine';
import type { CredentialConfig } from '../config/credential-config.js';
import { parseLogin } from './login.js';
import type { CredentialSource } from './source.js';
import { nameOf, unavailable } from './unavailable.js';

const keptForMs = 60_000;
const timeoutMs = 10_000;

/** @returns the secret's text */
export type FetchSecret = () => Promise<string | undefined>;

export interface SecretsManagerOptions {
  readonly fetch?: FetchSecret;
  readonly now?: () => number;
  /** Taken out of the environment; else the SDK looks for others. */
  readonly keys?: AwsCredential | undefined;
}

/** Kept for a minute at most; asked again at once when the target has refused what it said. */
export function fromSecretsManager(
  config: Extract<CredentialConfig, { source: 'secrets-manager' }>,
  { keys, fetch = fetchFromAws(config, keys), now = Date.now }: SecretsManagerOptions = {},
): CredentialSource {
  const what = 'the secret with the agent’s credential';
  const about = { secret: config.secretId };
  let kept: { readonly credential: Credential; readonly until: number } | undefined;
  let asking: Promise<Credential> | undefined;

  const ask = async (): Promise<Credential> => {
    const text = await fetch().catch((cause: unknown) => {
      throw unavailable(`${what} cannot be read (${nameOf(cause)})`, {
        about,
        cause,
        hint: 'check the agent’s AWS role and region',
      });
    });
    const credential = parseLogin(text ?? '', { what, about });
    kept = { credential, until: now() + keptForMs };
    return credential;
  };

  return {
    async read({ fresh }) {
      if (!fresh && kept !== undefined && now() < kept.until) return kept.credential;
      kept = undefined;
      asking ??= ask().finally(() => {
        asking = undefined;
      });
      return asking;
    },
  };
}

// The SDK costs tens of megabytes: loaded by those who use it, when they use it.
function fetchFromAws(
  { secretId, region, endpoint }: Extract<CredentialConfig, { source: 'secrets-manager' }>,
  keys: AwsCredential | undefined,
): FetchSecret {
  let client: Promise<() => Promise<string | undefined>> | undefined;
  const connect = async (): Promise<() => Promise<string | undefined>> => {
    const { SecretsManagerClient, GetSecretValueCommand } = await import('@aws-sdk/client-secrets-manager');
    const manager = new SecretsManagerClient({
      ...(region === undefined ? {} : { region }),
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(keys === undefined ? {} : { credentials: keys }),
    });
    return async () => {
      const { SecretString } = await manager.send(new GetSecretValueCommand({ SecretId: secretId }), {
        abortSignal: AbortSignal.timeout(timeoutMs),
      });
      return SecretString;
    };
  };
  return async () => {
    client ??= connect();
    return (await client)();
  };
}

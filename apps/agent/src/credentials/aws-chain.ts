import type { AwsCredential } from '@sallyport/engine';
import type { CredentialConfig } from '../config/credential-config.js';
import type { TakenVariables } from './environment.js';
import type { CredentialSource } from './source.js';
import { nameOf, unavailable } from './unavailable.js';

type AwsConfig = Extract<CredentialConfig, { source: 'aws' }>;

const keptForMs = 60_000;
/** Temporary credentials are read anew this long before they end, so that no call starts with one that will not last. */
const marginMs = 5 * 60_000;
const timeoutMs = 20_000;

/** Asks wherever the AWS SDKs look: environment, shared configuration, web identity, container, instance. */
export type AskChain = (options: { readonly fresh: boolean }) => Promise<AwsCredential>;

/**
 * The agent's own AWS identity. Kept until shortly before it ends, for a minute where it has no end, and asked for again
 * at once when AWS has refused it.
 */
export function fromAwsChain(
  config: AwsConfig,
  variables: TakenVariables,
  { ask = chainOf(config, takeKeys(variables)), now = Date.now }: { ask?: AskChain; now?: () => number } = {},
): CredentialSource {
  let kept: { readonly credential: AwsCredential; readonly until: number } | undefined;
  let asking: Promise<AwsCredential> | undefined;

  const renew = async (fresh: boolean): Promise<AwsCredential> => {
    const credential = await inTime(ask({ fresh })).catch((cause: unknown) => {
      throw notFound(config, cause);
    });
    kept = { credential, until: keepUntil(credential, now()) };
    return credential;
  };

  const current = (fresh: boolean): Promise<AwsCredential> => {
    if (!fresh && kept !== undefined && now() < kept.until) return Promise.resolve(kept.credential);
    asking ??= renew(fresh).finally(() => {
      asking = undefined;
    });
    return asking;
  };

  return {
    async read({ fresh }) {
      const aws = await current(fresh);
      return { user: aws.accessKeyId, aws };
    },
  };
}

const keepUntil = ({ expiration }: AwsCredential, now: number): number =>
  expiration === undefined ? now + keptForMs : Math.max(expiration.getTime() - marginMs, now);

/** What the environment holds is taken out of it, for every source that asks AWS. */
export function takeKeys(variables: TakenVariables): AwsCredential | undefined {
  const accessKeyId = variables.take('AWS_ACCESS_KEY_ID');
  const secretAccessKey = variables.take('AWS_SECRET_ACCESS_KEY');
  const sessionToken = variables.take('AWS_SESSION_TOKEN');
  if (!accessKeyId || !secretAccessKey) return undefined;
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
}

/** The SDK costs tens of megabytes: loaded by those who use it, when they use it. A named profile precedes the environment. */
function chainOf({ profile, roleArn, externalId, region }: AwsConfig, keys: AwsCredential | undefined): AskChain {
  return async () => {
    const { fromNodeProviderChain, fromTemporaryCredentials } = await import('@aws-sdk/credential-providers');
    const clientConfig = region === undefined ? {} : { region };
    // Built anew each time, with no file remembered: a chain keeps what it has read for as long as it lives.
    const own =
      keys !== undefined && profile === undefined
        ? async () => keys
        : fromNodeProviderChain({
            ignoreCache: true,
            ...(profile === undefined ? {} : { profile }),
            clientConfig,
          });
    if (roleArn === undefined) return own();
    return fromTemporaryCredentials({
      masterCredentials: own,
      clientConfig,
      params: {
        RoleArn: roleArn,
        RoleSessionName: 'sallyport-agent',
        ...(externalId === undefined ? {} : { ExternalId: externalId }),
      },
    })();
  };
}

/** A chain that hangs (no instance metadata where the SDK expects it) must not hold up every call. */
async function inTime<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), timeoutMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

const notFound = ({ profile, roleArn }: AwsConfig, cause: unknown): Error =>
  unavailable(`the agent finds no AWS credential (${nameOf(cause)})`, {
    about: { ...(profile === undefined ? {} : { profile }), ...(roleArn === undefined ? {} : { role: roleArn }) },
    cause,
    hint: 'check the agent’s AWS configuration: environment, profile, container or instance role',
  });

import type { ClientEnvironment, Place } from '../environment.js';
import { caFile, type Ticket, type TurnOptions } from '../ticket.js';
import { botocoreProfile, configurationFile, emptyFile } from './configuration.js';
import { nodeTrust } from './node-trust.js';
import { awayFrom, through } from './proxies.js';
import { detours, turnVariables } from './variables.js';

export interface AwsOptions {
  /** The real host names, by way of the gateway as an HTTPS proxy, and not its own address. */
  readonly proxy?: boolean;
  readonly region?: string;
}

/** A host as a URL has it. */
const authorityOf = ({ host, port }: Ticket['endpoint']): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`;

export const endpointUrl = ({ endpoint }: Ticket): string => `https://${authorityOf(endpoint)}`;

/**
 * The environment by which AWS clients find the gateway. No credential is in it: a client asks this program for one
 * when it needs one, by the configuration file.
 */
export const awsEnvironment = (
  ticket: Ticket,
  { proxy = false, region = ticket.aws?.region ?? undefined, ...turn }: AwsOptions & TurnOptions,
  { world: { env, program }, url }: Place,
): ClientEnvironment => {
  const ca = caFile(ticket, env);
  const endpoint = proxy ? undefined : endpointUrl(ticket);
  const config = configurationFile({ connection: ticket.connection, program, url, ca, endpoint, region }, env);
  const set: Record<string, string> = {
    ...byConfiguration(config, ca, region, env),
    ...(endpoint
      ? directly(endpoint, ticket.endpoint.host, env)
      : through(`http://${authorityOf(ticket.endpoint)}`, new URL(url).hostname)),
    ...turnVariables(turn),
  };
  return { set, unset: detours(env, { proxy }).filter((name) => !(name in set)) };
};

/** What has clients read a configuration of ours, whatever there is of the person's own. */
export const byConfiguration = (
  config: string,
  ca: string,
  region: string | undefined,
  env: NodeJS.ProcessEnv,
): Record<string, string> => ({
  AWS_CONFIG_FILE: config,
  AWS_SHARED_CREDENTIALS_FILE: emptyFile(env),
  AWS_PROFILE: 'default',
  AWS_DEFAULT_PROFILE: botocoreProfile, // botocore alone prefers it to the other
  AWS_SDK_LOAD_CONFIG: '1', // the old SDKs for JavaScript and Go read the file only then
  AWS_CA_BUNDLE: ca,
  NODE_EXTRA_CA_CERTS: nodeTrust(ca, env),
  AWS_EC2_METADATA_DISABLED: 'true',
  ...(region ? { AWS_REGION: region, AWS_DEFAULT_REGION: region } : {}),
});

export const directly = (endpoint: string, host: string, env: NodeJS.ProcessEnv): Record<string, string> => ({
  AWS_ENDPOINT_URL: endpoint,
  AWS_DISABLE_HOST_PREFIX_INJECTION: 'true', // else 700 operations have names of their own, as data-<host>
  ...awayFrom(host, env),
});

/** The same for a program that is known to be botocore's, whichever of the two it prefers: `aws` 2 differs from 1. */
export const forBotocore = ({ set, unset }: ClientEnvironment): ClientEnvironment => ({
  set: { ...set, AWS_PROFILE: botocoreProfile },
  unset,
});

import { clientOf } from '../exec/caller.js';
import { without } from '../options.js';
import type { TurnOptions } from '../ticket.js';

/** In an environment: another key, another place to take one from, or another way than the gateway's. */
const always = [
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_SECURITY_TOKEN',
  'AWS_ACCESS_KEY',
  'AWS_SECRET_KEY',
  'AWS_CREDENTIAL_EXPIRATION',
  'AWS_CREDENTIAL_FILE',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_ROLE_ARN',
  'AWS_ROLE_SESSION_NAME',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
  'AWS_AUTH_SCHEME_PREFERENCE',
  'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS',
];

/** Those that end in a service's name: an endpoint of its own goes before the general one, a bearer token before a signature. */
const byService = /^AWS_(ENDPOINT_URL|BEARER_TOKEN)_/;

/** What chooses another host name; of no use with one that is fixed, and most SDKs refuse it then. */
const ofHosts = [
  'AWS_USE_FIPS_ENDPOINT',
  'AWS_USE_DUALSTACK_ENDPOINT',
  'AWS_ENABLE_ENDPOINT_DISCOVERY',
  'AWS_ENDPOINT_DISCOVERY_ENABLED',
];

/** What would change AWS's own. */
const ofEndpoints = ['AWS_ENDPOINT_URL', 'AWS_DISABLE_HOST_PREFIX_INJECTION'];

const turnNames = {
  aiClient: 'SALLYPORT_AI_CLIENT',
  aiSession: 'SALLYPORT_AI_SESSION',
  turn: 'SALLYPORT_TURN',
  toolCall: 'SALLYPORT_TOOL_CALL',
  ttl: 'SALLYPORT_TICKET_TTL',
} as const;

/** Names of the variables that must not reach an AWS client. */
export const detours = (env: NodeJS.ProcessEnv, { proxy }: { readonly proxy: boolean }): string[] => [
  ...always,
  ...(proxy ? ofEndpoints : ofHosts),
  ...Object.keys(env).filter((name) => byService.test(name)),
  ...Object.values(turnNames), // of an earlier turn
];

/**
 * Whom the tickets are for that the client will ask for. In the environment, which it hands on, and not in its
 * configuration, which another turn may be using at the same time.
 */
export const turnVariables = (turn: TurnOptions): Record<string, string> =>
  Object.fromEntries(
    Object.entries(turnNames)
      .map(([option, name]) => [name, turn[option as keyof TurnOptions]] as const)
      .flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  );

/** The same read back. @returns what an AI client says of itself to what it starts, where nothing of ours is there */
export const turnOf = (env: NodeJS.ProcessEnv): TurnOptions => {
  const ttl = Number(env[turnNames.ttl]);
  const names = [turnNames.aiClient, turnNames.aiSession, turnNames.turn, turnNames.toolCall] as const;
  const [aiClient, aiSession, turn, toolCall] = names.map((name) => env[name] || undefined);
  return {
    ...(aiSession
      ? without({ aiClient, aiSession, turn, toolCall })
      : { ...clientOf(env), ...without({ turn, toolCall }) }),
    ...without({ ttl: Number.isInteger(ttl) && ttl > 0 ? ttl : undefined }),
  };
};

import { GatewayError } from '@sallyport/core';
import type { CredentialConfig, NameOrVariable } from '../config/credential-config.js';
import type { CredentialSource } from './source.js';

/**
 * Variables taken out of the process's environment, so that neither a child process nor a dump of `process.env` has
 * them. Several targets may name the same one.
 */
export class TakenVariables {
  private readonly taken = new Map<string, string | undefined>();

  constructor(private readonly environment: NodeJS.ProcessEnv) {}

  take(name: string): string | undefined {
    if (!this.taken.has(name)) {
      this.taken.set(name, this.environment[name]);
      delete this.environment[name];
    }
    return this.taken.get(name);
  }
}

/** @throws CREDENTIAL_UNAVAILABLE at once when a variable is not set: it will not be set later */
export function fromEnvironment(
  config: Extract<CredentialConfig, { source: 'environment' }>,
  variables: TakenVariables,
): CredentialSource {
  const nameOf = (user: NameOrVariable): string => ('name' in user ? user.name : required(variables, user.variable));
  const credential = { user: nameOf(config.user), password: required(variables, config.passwordVariable) };
  return { read: async () => credential };
}

/** @throws CREDENTIAL_UNAVAILABLE as `fromEnvironment` */
export function keysFromEnvironment(
  { variables: names }: Extract<CredentialConfig, { source: 'environment-keys' }>,
  variables: TakenVariables,
): CredentialSource {
  const accessKeyId = required(variables, names.accessKeyId);
  const aws = {
    accessKeyId,
    secretAccessKey: required(variables, names.secretAccessKey),
    ...(names.sessionToken === undefined ? {} : { sessionToken: required(variables, names.sessionToken) }),
  };
  return { read: async () => ({ user: accessKeyId, aws }) };
}

function required(variables: TakenVariables, name: string): string {
  const value = variables.take(name);
  if (value !== undefined && value !== '') return value;
  throw new GatewayError('CREDENTIAL_UNAVAILABLE', `the environment variable "${name}" is not set`);
}

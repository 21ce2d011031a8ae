import type { TargetConfig } from '../config/target-config.js';
import { fromAwsChain, takeKeys } from './aws-chain.js';
import { fromClientCertificate } from './client-certificate.js';
import { fromEnvironment, keysFromEnvironment, type TakenVariables } from './environment.js';
import { fromFile } from './file.js';
import { fromRdsIam } from './rds-iam.js';
import { fromSecretsManager } from './secrets-manager.js';
import type { CredentialSource } from './source.js';

export function sourceOf({ credential, host, port }: TargetConfig, variables: TakenVariables): CredentialSource {
  switch (credential.source) {
    case 'environment':
      return fromEnvironment(credential, variables);
    case 'environment-keys':
      return keysFromEnvironment(credential, variables);
    case 'file':
      return fromFile(credential);
    case 'secrets-manager':
      return fromSecretsManager(credential, { keys: takeKeys(variables) });
    case 'rds-iam':
      return fromRdsIam(credential, { host, port }, takeKeys(variables));
    case 'client-certificate':
      return fromClientCertificate(credential);
    case 'aws':
      return fromAwsChain(credential, variables);
  }
}

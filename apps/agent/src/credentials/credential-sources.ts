import type { TargetConfig } from '../config/target-config.js';
import { fromClientCertificate } from './client-certificate.js';
import { fromEnvironment, type TakenVariables } from './environment.js';
import { fromFile } from './file.js';
import { fromRdsIam } from './rds-iam.js';
import { fromSecretsManager } from './secrets-manager.js';
import type { CredentialSource } from './source.js';

export function sourceOf({ credential, host, port }: TargetConfig, variables: TakenVariables): CredentialSource {
  switch (credential.source) {
    case 'environment':
      return fromEnvironment(credential, variables);
    case 'file':
      return fromFile(credential);
    case 'secrets-manager':
      return fromSecretsManager(credential);
    case 'rds-iam':
      return fromRdsIam(credential, { host, port });
    case 'client-certificate':
      return fromClientCertificate(credential);
  }
}

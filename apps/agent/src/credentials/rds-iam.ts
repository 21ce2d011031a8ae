import type { AwsCredential } from '@sallyport/engine';
import type { CredentialConfig } from '../config/credential-config.js';
import type { CredentialSource } from './source.js';
import { nameOf, unavailable } from './unavailable.js';

/**
 * A token of AWS RDS as password: signed here for each use with the agent's own AWS identity, good for 15 minutes.
 * @param target where to, unless the configuration names another (behind a proxy or a private name)
 * @param keys that were taken out of the environment; else the SDK looks for others
 */
export const fromRdsIam = (
  config: Extract<CredentialConfig, { source: 'rds-iam' }>,
  target: { readonly host: string; readonly port: number },
  keys?: AwsCredential,
): CredentialSource => ({
  async read() {
    const { user, region } = config;
    try {
      const { Signer } = await import('@aws-sdk/rds-signer');
      const { host: hostname, port } = { ...target, ...present(config) };
      const signer = new Signer({
        hostname,
        port,
        username: user,
        ...(region === undefined ? {} : { region }),
        ...(keys === undefined ? {} : { credentials: keys }),
      });
      return { user, password: await signer.getAuthToken() };
    } catch (cause) {
      throw unavailable(`the agent can sign no RDS token (${nameOf(cause)})`, {
        about: { user },
        cause,
        hint: 'check the agent’s AWS role, and that a region is configured',
      });
    }
  },
});

const present = ({ host, port }: { readonly host: string | undefined; readonly port: number | undefined }) => ({
  ...(host === undefined ? {} : { host }),
  ...(port === undefined ? {} : { port }),
});

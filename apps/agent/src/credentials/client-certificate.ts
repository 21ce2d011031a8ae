import { readFile } from 'node:fs/promises';
import type { CredentialConfig } from '../config/credential-config.js';
import { readSecretFile } from './secret-file.js';
import type { CredentialSource } from './source.js';
import { unavailable } from './unavailable.js';

/** Certificate and key in PEM, read again at each use. */
export const fromClientCertificate = ({
  user,
  certFile,
  keyFile,
}: Extract<CredentialConfig, { source: 'client-certificate' }>): CredentialSource => ({
  async read() {
    const [cert, key] = await Promise.all([readCertificate(certFile), readSecretFile(keyFile)]);
    return { user, clientCertificate: { cert, key } };
  },
});

const readCertificate = (path: string): Promise<string> =>
  readFile(path, 'utf8').catch((cause: unknown) => {
    throw unavailable('the agent’s client certificate cannot be read', { about: { path }, cause });
  });

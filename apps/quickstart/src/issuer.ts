import { signingKey, type TestIssuer, testIssuer } from '@sallyport/testkit';
import type { Folder } from './folder.js';
import type { Ports } from './options.js';

type Key = Awaited<ReturnType<typeof signingKey>>;

/** The local issuer, with the same keys at every start. It has no passwords, and listens on loopback only. */
export const startIssuer = async (folder: Folder, ports: Ports): Promise<TestIssuer> => {
  const keys = folder.json<Key[]>('secrets/issuer-keys.json') ?? [await signingKey()];
  folder.keepJson('secrets/issuer-keys.json', keys);
  return testIssuer({
    port: ports.issuer,
    keys,
    clientSecret: folder.secret('console-client-secret'),
    redirectUris: [`http://127.0.0.1:${ports.api}/auth/callback`],
  });
};

import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { AgentId } from '@sallyport/core';
import {
  createAgentRequest,
  createAuthority,
  issueAgentCertificate,
  issueServerCertificate,
  type KeyPair,
} from '@sallyport/tunnel';

/** Made as the gateway makes its own (ECDSA P-256), so that a handshake costs every peer the same. */
export interface Certificates {
  readonly ca: string;
  readonly server: KeyPair;
  readonly client: KeyPair;
  /** The same as files, readable by the users that peers run as. */
  readonly files: { readonly ca: string; readonly cert: string; readonly key: string };
}

export async function makeCertificates(folder: string): Promise<Certificates> {
  const authority = await createAuthority();
  const server = await issueServerCertificate(authority, ['127.0.0.1', 'localhost']);
  const { csr, privateKey } = await createAgentRequest();
  const { certificate } = await issueAgentCertificate(authority, csr, 'bench' as AgentId);
  const write = (name: string, text: string): string => {
    const file = path.join(folder, name);
    writeFileSync(file, text);
    chmodSync(file, 0o644); // for a run of a few minutes on loopback
    return file;
  };
  return {
    ca: authority.certificate,
    server,
    client: { certificate, privateKey },
    files: {
      ca: write('bench-ca.pem', authority.certificate),
      cert: write('bench-server.pem', server.certificate),
      key: write('bench-server.key', server.privateKey),
    },
  };
}

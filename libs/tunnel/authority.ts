import type { AgentId } from '@sallyport/core';
import type { IssuedCertificate, IssueOptions, KeyPair } from './certificates.js';

const issuing = () => import('./issuing.js');

/** @returns a fresh, self-signed authority: path length 0, valid for ten years */
export const createAuthority = async (options?: IssueOptions): Promise<KeyPair> =>
  (await issuing()).createAuthority(options);

/** @param names DNS names and IP addresses that agents may dial */
export const issueServerCertificate = async (
  authority: KeyPair,
  names: readonly string[],
  options?: IssueOptions,
): Promise<KeyPair & IssuedCertificate> => (await issuing()).issueServerCertificate(authority, names, options);

/**
 * @param csr PKCS #10, PEM: only its public key counts, and it must have signed the request
 * @throws INVALID_INPUT when the request is malformed or its signature wrong
 */
export const issueAgentCertificate = async (
  authority: KeyPair,
  csr: string,
  agentId: AgentId,
  options?: IssueOptions,
): Promise<IssuedCertificate> => (await issuing()).issueAgentCertificate(authority, csr, agentId, options);

/** The key never leaves the agent. */
export { createAgentRequest } from './certificate-request.js';

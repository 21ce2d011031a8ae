import type { PeerCertificate } from 'node:tls';
import { GatewayError } from '@sallyport/core';
import { type AgentCertificate, agentOf } from './certificates.js';

interface CallWithPeer {
  getAuthContext(): { readonly sslPeerCertificate?: PeerCertificate };
}

/**
 * Who is at the other end of a server's call, by the certificate that TLS has verified.
 * @throws UNAUTHENTICATED when it names no agent or has expired since the handshake
 */
export function peerOf(call: CallWithPeer, now: Date): AgentCertificate {
  const certificate = call.getAuthContext().sslPeerCertificate;
  const agent = certificate === undefined ? undefined : agentOf(certificate);
  if (agent === undefined) throw new GatewayError('UNAUTHENTICATED', 'the certificate names no agent');
  if (agent.notAfter <= now)
    throw new GatewayError('UNAUTHENTICATED', 'the certificate has expired', { hint: 'enrol the agent again' });
  return agent;
}

import type { TLSSocket } from 'node:tls';
import { GatewayError } from '@sallyport/core';
import { type AgentCertificate, agentOf } from './certificates.js';

/**
 * Who is at the other end of a connection, by the certificate that TLS has verified.
 * @throws UNAUTHENTICATED when it names no agent or has expired since the handshake
 */
export function peerOf(socket: TLSSocket, now: Date): AgentCertificate {
  const agent = socket.authorized ? agentOf(socket.getPeerCertificate()) : undefined;
  if (agent === undefined) throw new GatewayError('UNAUTHENTICATED', 'the certificate names no agent');
  return unexpired(agent, now);
}

/** @throws UNAUTHENTICATED when it has expired */
export function unexpired(agent: AgentCertificate, now: Date): AgentCertificate {
  if (agent.notAfter > now) return agent;
  throw new GatewayError('UNAUTHENTICATED', 'the certificate has expired', { hint: 'enrol the agent again' });
}

import { connect, type DetailedPeerCertificate } from 'node:tls';
import type { ServiceError } from '@grpc/grpc-js';
import { type AgentId, GatewayError } from '@sallyport/core';
import { splitAddress } from './address.js';
import type { AgentIdentity } from './agent-link.js';
import { createAgentRequest } from './authority.js';
import { belongsTogether, fingerprint, readCertificate } from './certificates.js';
import { parseEnrolmentKey } from './enrolment-key.js';
import type { EnrolRequest, EnrolResponse } from './messages.js';
import { Client, enrolMethod } from './service.js';
import { reasonOf } from './status.js';
import { agentCredentials, clientOptions } from './transport.js';

export interface EnrolOptions {
  /** `host:port` of the enrolment service. */
  readonly address: string;
  readonly serverName?: string | undefined;
  readonly key: string;
  readonly witnessKey: string;
  readonly version: string;
  readonly timeoutMs?: number;
}

export interface Enrolled {
  readonly agentId: AgentId;
  readonly identity: AgentIdentity;
  /** The log's verification key (C2SP vkey), to be pinned by the witness. */
  readonly logKey: string;
}

/**
 * Exchanges a one-time key for a certificate. The first connection says nothing: it only fetches the authority's
 * certificate, which must have the fingerprint in the key. The secret goes over a second one that trusts this authority
 * alone, so that whoever stands in between never hears it.
 * @throws UNAUTHENTICATED when the authority is another or the key is refused; AGENT_OFFLINE; TIMED_OUT
 */
export async function enrol(options: EnrolOptions): Promise<Enrolled> {
  const { address, serverName, timeoutMs = 15_000, witnessKey, version } = options;
  const key = parseEnrolmentKey(options.key);
  const ca = await pinnedAuthority(address, key.caFingerprint, timeoutMs);
  const { csr, privateKey } = await createAgentRequest();
  const request = { keyId: key.id, secret: key.secret, csr, witnessKey, agentVersion: version };
  const { certificate, logKey } = await exchange({ address, serverName, timeoutMs, ca }, request);
  const { agentId } = readCertificate(certificate);
  if (agentId === undefined || !belongsTogether(certificate, ca, privateKey))
    throw new GatewayError('PROTOCOL_VIOLATION', 'the control plane sent a certificate for something else');
  return { agentId, identity: { certificate, privateKey, ca }, logKey };
}

function exchange(
  target: { address: string; serverName: string | undefined; timeoutMs: number; ca: string },
  request: EnrolRequest,
): Promise<EnrolResponse> {
  const { address, serverName, timeoutMs, ca } = target;
  const override =
    serverName === undefined
      ? {}
      : { 'grpc.ssl_target_name_override': serverName, 'grpc.default_authority': serverName };
  const client = new Client(address, agentCredentials(ca), { ...clientOptions, ...override });
  const { path, requestSerialize, responseDeserialize } = enrolMethod;
  return new Promise<EnrolResponse>((resolve, reject) => {
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      { deadline: Date.now() + timeoutMs },
      (error, response) => {
        if (error !== null) reject(reasonOf(error) ?? unreachable(address, error));
        else if (response === undefined) reject(unreachable(address, undefined));
        else resolve(response);
      },
    );
  }).finally(() => client.close());
}

/** @returns the PEM of the authority at the end of the chain that `address` presents */
async function pinnedAuthority(address: string, expected: string, timeoutMs: number): Promise<string> {
  const root = await presentedRoot(address, timeoutMs);
  if (fingerprint(root) === expected)
    return `-----BEGIN CERTIFICATE-----\n${root.toString('base64').replace(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`;
  throw new GatewayError('UNAUTHENTICATED', `"${address}" is not the control plane that made this enrolment key`, {
    hint: 'the authority that it presents has another fingerprint: check the address and what stands in between; the key was not sent',
    details: { expected, presented: fingerprint(root) },
  });
}

function presentedRoot(address: string, timeoutMs: number): Promise<Buffer> {
  const { host, port } = splitAddress(address);
  return new Promise<Buffer>((resolve, reject) => {
    // Not verified on purpose: nothing is said on this connection, and what it presents is compared with the pin.
    const socket = connect(
      { host, port, rejectUnauthorized: false, minVersion: 'TLSv1.3', ALPNProtocols: ['h2'] },
      () => {
        const root = lastOf(socket.getPeerCertificate(true));
        socket.destroy();
        resolve(root);
      },
    );
    socket.setTimeout(timeoutMs, () => socket.destroy(new GatewayError('TIMED_OUT', `"${address}" did not answer`)));
    socket.on('error', (error: Error) => reject(error instanceof GatewayError ? error : unreachable(address, error)));
    socket.on('close', () => reject(unreachable(address, undefined)));
  });
}

/** The chain as it was presented: a certificate that issued itself points at itself. */
function lastOf(leaf: DetailedPeerCertificate): Buffer {
  let certificate = leaf;
  for (let depth = 0; depth < 10; depth += 1) {
    const issuer = certificate.issuerCertificate as DetailedPeerCertificate | undefined;
    if (issuer === undefined || issuer === certificate) break;
    certificate = issuer;
  }
  return certificate.raw;
}

const unreachable = (address: string, cause: ServiceError | Error | undefined): GatewayError =>
  new GatewayError('AGENT_OFFLINE', `the control plane at "${address}" cannot be reached`, {
    ...(cause === undefined ? {} : { cause }),
    hint: 'check control_plane.enrolment_address and the network',
  });

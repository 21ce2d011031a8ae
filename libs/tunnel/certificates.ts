import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import type { PeerCertificate } from 'node:tls';
import { type AgentId, GatewayError } from '@sallyport/core';

// Reading certificates takes Node alone. Making them takes a library, which `issuing.ts` loads when it is first needed:
// an agent at rest holds none of it.

/** Certificates begin this much in the past: clocks differ. */
export const backdateMs = 5 * 60 * 1000;

const day = 24 * 60 * 60 * 1000;

export const lifetimes = { authority: 3650 * day, server: 30 * day, agent: 7 * day } as const;

/** PEM of a certificate and of its PKCS #8 key. */
export interface KeyPair {
  readonly certificate: string;
  readonly privateKey: string;
}

export interface IssuedCertificate {
  /** PEM, leaf only. */
  readonly certificate: string;
  /** Lower-case hexadecimal, without leading zeros: as TLS shows it. */
  readonly serial: string;
  readonly notAfter: Date;
}

export interface IssueOptions {
  readonly now?: Date;
  readonly lifetimeMs?: number;
}

/** @returns SHA-256 over the certificate's DER, base64url */
export const fingerprint = (certificate: string | Uint8Array): string =>
  createHash('sha256')
    .update(typeof certificate === 'string' ? new X509Certificate(certificate).raw : certificate)
    .digest('base64url');

export const spiffePrefix = 'spiffe://sallyport/agent/';
const agentUri = /^URI:spiffe:\/\/sallyport\/agent\/([0-9a-zA-Z-]{1,64})$/;

/**
 * Who a verified client certificate is.
 * @returns undefined when it names no agent, or anything besides one
 */
export function agentOf(
  peer: Pick<PeerCertificate, 'subjectaltname' | 'serialNumber' | 'valid_to'>,
): AgentCertificate | undefined {
  const id = agentUri.exec(peer.subjectaltname ?? '')?.[1];
  if (id === undefined) return undefined;
  return { agentId: id as AgentId, serial: normalSerial(peer.serialNumber), notAfter: new Date(peer.valid_to) };
}

export interface AgentCertificate {
  readonly agentId: AgentId;
  readonly serial: string;
  readonly notAfter: Date;
}

export interface CertificateView {
  readonly serial: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Undefined when it is not an agent's. */
  readonly agentId: AgentId | undefined;
}

/** @throws INVALID_INPUT when it is not a certificate */
export function readCertificate(pem: string): CertificateView {
  try {
    const certificate = new X509Certificate(pem);
    const id = agentUri.exec(certificate.subjectAltName ?? '')?.[1];
    return {
      serial: normalSerial(certificate.serialNumber),
      notBefore: new Date(certificate.validFrom),
      notAfter: new Date(certificate.validTo),
      agentId: id as AgentId | undefined,
    };
  } catch (cause) {
    throw new GatewayError('INVALID_INPUT', 'this is not a certificate', { cause });
  }
}

/** Was `certificate` signed by `authority`, and for the key that the agent holds? */
export function belongsTogether(certificate: string, authority: string, privateKeyPem: string): boolean {
  const leaf = new X509Certificate(certificate);
  const issuer = new X509Certificate(authority);
  return (
    leaf.checkIssued(issuer) && leaf.verify(issuer.publicKey) && leaf.checkPrivateKey(createPrivateKey(privateKeyPem))
  );
}

export const normalSerial = (serial: string): string => serial.toLowerCase().replace(/^0+(?=.)/, '');

/** @returns when to renew: after two thirds of the lifetime, give or take a twentieth, so that agents spread */
export function renewalDue(certificate: string, random: () => number): Date {
  const { notBefore, notAfter } = readCertificate(certificate);
  const issued = notBefore.getTime() + backdateMs;
  return new Date(issued + (notAfter.getTime() - issued) * (2 / 3 + (random() - 0.5) / 10));
}

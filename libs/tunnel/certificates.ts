import 'reflect-metadata';
import { createHash, createPrivateKey, X509Certificate as NodeCertificate, randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import type { PeerCertificate } from 'node:tls';
import * as x509 from '@peculiar/x509';
import { type AgentId, GatewayError } from '@sallyport/core';

// The built-in authority: ECDSA P-256 throughout (RFC 5280 profiles). One authority signs the control plane's server
// certificates and the agents'; extended key usage keeps an agent's certificate from serving and the other way round.

x509.cryptoProvider.set(webcrypto);

const keyAlgorithm = { name: 'ECDSA', namedCurve: 'P-256' };
const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' };
const day = 24 * 60 * 60 * 1000;
/** Certificates begin this much in the past: clocks differ. */
const backdateMs = 5 * 60 * 1000;

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

/** @returns a fresh, self-signed authority: path length 0, valid for ten years */
export async function createAuthority({
  now = new Date(),
  lifetimeMs = lifetimes.authority,
}: IssueOptions = {}): Promise<KeyPair> {
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: freshSerial(),
    name: [{ CN: ['Sallyport authority'] }, { O: ['Sallyport'] }],
    notBefore: new Date(now.getTime() - backdateMs),
    notAfter: new Date(now.getTime() + lifetimeMs),
    keys,
    signingAlgorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: certificate.toString('pem'), privateKey: await pemOf(keys.privateKey) };
}

/** @param names DNS names and IP addresses that agents may dial */
export async function issueServerCertificate(
  authority: KeyPair,
  names: readonly string[],
  { now = new Date(), lifetimeMs = lifetimes.server }: IssueOptions = {},
): Promise<KeyPair & IssuedCertificate> {
  const keys = await generateKeys();
  const issued = await issue(authority, {
    publicKey: keys.publicKey,
    commonName: 'Sallyport control plane',
    names: names.map((name) => ({ type: isIP(name) === 0 ? ('dns' as const) : ('ip' as const), value: name })),
    usage: x509.ExtendedKeyUsage.serverAuth,
    now,
    lifetimeMs,
  });
  return { ...issued, privateKey: await pemOf(keys.privateKey) };
}

/**
 * @param csr PKCS #10, PEM: only its public key counts, and it must have signed the request
 * @throws INVALID_INPUT when the request is malformed or its signature wrong
 */
export async function issueAgentCertificate(
  authority: KeyPair,
  csr: string,
  agentId: AgentId,
  { now = new Date(), lifetimeMs = lifetimes.agent }: IssueOptions = {},
): Promise<IssuedCertificate> {
  return issue(authority, {
    publicKey: await requestedKey(csr),
    commonName: `Sallyport agent ${agentId}`,
    names: [{ type: 'url' as const, value: `${spiffePrefix}${agentId}` }],
    usage: x509.ExtendedKeyUsage.clientAuth,
    now,
    lifetimeMs,
  });
}

/** @returns a fresh key and a request to certify it; the key never leaves the agent */
export async function createAgentRequest(): Promise<{ csr: string; privateKey: string }> {
  const keys = await generateKeys();
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: 'CN=Sallyport agent',
    keys,
    signingAlgorithm,
  });
  return { csr: request.toString('pem'), privateKey: await pemOf(keys.privateKey) };
}

/** @returns SHA-256 over the certificate's DER, base64url */
export const fingerprint = (certificate: string | Uint8Array): string =>
  createHash('sha256')
    .update(typeof certificate === 'string' ? new NodeCertificate(certificate).raw : certificate)
    .digest('base64url');

const spiffePrefix = 'spiffe://sallyport/agent/';
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
  /** In URI form; undefined when it is not an agent's. */
  readonly agentId: AgentId | undefined;
}

/** @throws INVALID_INPUT when it is not a certificate */
export function readCertificate(pem: string): CertificateView {
  try {
    const certificate = new NodeCertificate(pem);
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
  const leaf = new NodeCertificate(certificate);
  const issuer = new NodeCertificate(authority);
  return (
    leaf.checkIssued(issuer) && leaf.verify(issuer.publicKey) && leaf.checkPrivateKey(createPrivateKey(privateKeyPem))
  );
}

interface Leaf {
  readonly publicKey: webcrypto.CryptoKey | x509.PublicKey;
  readonly commonName: string;
  readonly names: x509.JsonGeneralName[];
  readonly usage: x509.ExtendedKeyUsage;
  readonly now: Date;
  readonly lifetimeMs: number;
}

async function issue(authority: KeyPair, leaf: Leaf): Promise<IssuedCertificate> {
  const issuer = new x509.X509Certificate(authority.certificate);
  const serialNumber = freshSerial();
  const notAfter = new Date(Math.min(leaf.now.getTime() + leaf.lifetimeMs, issuer.notAfter.getTime()));
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber,
    subject: [{ CN: [leaf.commonName] }],
    issuer: issuer.subject,
    notBefore: new Date(leaf.now.getTime() - backdateMs),
    notAfter,
    publicKey: leaf.publicKey,
    signingKey: await importKey(authority.privateKey),
    signingAlgorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([leaf.usage]),
      new x509.SubjectAlternativeNameExtension(leaf.names),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return { certificate: certificate.toString('pem'), serial: normalSerial(serialNumber), notAfter };
}

async function requestedKey(csr: string): Promise<x509.PublicKey> {
  try {
    const request = new x509.Pkcs10CertificateRequest(csr);
    const { name, namedCurve } = request.publicKey.algorithm as webcrypto.EcKeyAlgorithm;
    if (name === keyAlgorithm.name && namedCurve === keyAlgorithm.namedCurve && (await request.verify()))
      return request.publicKey;
  } catch (cause) {
    throw new GatewayError('INVALID_INPUT', 'the certificate request cannot be read', { cause });
  }
  throw new GatewayError('INVALID_INPUT', 'the certificate request needs an ECDSA P-256 key and its own signature');
}

const generateKeys = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(keyAlgorithm, true, ['sign', 'verify']);

async function pemOf(key: webcrypto.CryptoKey): Promise<string> {
  const der = await webcrypto.subtle.exportKey('pkcs8', key);
  return x509.PemConverter.encode(der, x509.PemConverter.PrivateKeyTag);
}

const importKey = (pem: string): Promise<webcrypto.CryptoKey> =>
  webcrypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(pem), keyAlgorithm, false, ['sign']);

/** 127 random bits, positive and not zero (RFC 5280, 4.1.2.2). */
function freshSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x3f) | 0x40;
  return bytes.toString('hex');
}

const normalSerial = (serial: string): string => serial.toLowerCase().replace(/^0+(?=.)/, '');

/** @returns when to renew: after two thirds of the lifetime, give or take a twentieth, so that agents spread */
export function renewalDue(certificate: string, random: () => number): Date {
  const { notBefore, notAfter } = readCertificate(certificate);
  const issued = notBefore.getTime() + backdateMs;
  return new Date(issued + (notAfter.getTime() - issued) * (2 / 3 + (random() - 0.5) / 10));
}

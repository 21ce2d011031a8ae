import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';
import { type AgentId, GatewayError } from '@sallyport/core';
import {
  backdateMs,
  type IssuedCertificate,
  type IssueOptions,
  type KeyPair,
  lifetimes,
  normalSerial,
  spiffePrefix,
} from './certificates.js';

// The built-in authority: ECDSA P-256 throughout (RFC 5280 profiles). One authority signs the control plane's server
// certificates and the agents'; extended key usage keeps an agent's certificate from serving and the other way round.

x509.cryptoProvider.set(webcrypto);

const keyAlgorithm = { name: 'ECDSA', namedCurve: 'P-256' };
const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' };

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

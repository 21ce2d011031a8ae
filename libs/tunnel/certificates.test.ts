import 'reflect-metadata';
import { createPublicKey, X509Certificate } from 'node:crypto';
import { Pkcs10CertificateRequest } from '@peculiar/x509';
import type { AgentId } from '@sallyport/core';
import { beforeAll, expect, test } from 'vitest';
import { createAgentRequest, createAuthority, issueAgentCertificate, issueServerCertificate } from './authority.js';
import { agentOf, belongsTogether, fingerprint, type KeyPair, readCertificate, renewalDue } from './certificates.js';
import { createEnrolmentKey, formatEnrolmentKey, parseEnrolmentKey } from './enrolment-key.js';

let authority: KeyPair;
const agentId = '0190a7c2-0000-7000-8000-000000000001' as AgentId;
const now = new Date('2026-03-01T12:00:00Z');
const hour = 3_600_000;

beforeAll(async () => {
  authority = await createAuthority({ now });
});

test('the authority signs itself, may sign leaves only, and uses P-256', () => {
  const certificate = new X509Certificate(authority.certificate);

  expect(certificate.ca).toBe(true);
  expect(certificate.checkIssued(certificate)).toBe(true);
  expect(certificate.verify(certificate.publicKey)).toBe(true);
  expect(certificate.publicKey.asymmetricKeyDetails).toMatchObject({ namedCurve: 'prime256v1' });
});

test('an agent’s certificate names it by SPIFFE URI, is for clients only and starts five minutes ago', async () => {
  const { csr, privateKey } = await createAgentRequest();

  const issued = await issueAgentCertificate(authority, csr, agentId, { now, lifetimeMs: hour });

  const certificate = new X509Certificate(issued.certificate);
  expect(certificate.subjectAltName).toBe(`URI:spiffe://sallyport/agent/${agentId}`);
  expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
  expect(certificate.ca).toBe(false);
  expect(readCertificate(issued.certificate)).toEqual({
    agentId,
    serial: issued.serial,
    notBefore: new Date(now.getTime() - 300_000),
    notAfter: new Date(now.getTime() + hour),
  });
  expect(belongsTogether(issued.certificate, authority.certificate, privateKey)).toBe(true);
});

test('what an agent asks with is a PKCS #10 request as the library reads it, whatever the length of its signature', async () => {
  for (let round = 0; round < 20; round += 1) {
    const { csr, privateKey } = await createAgentRequest();
    const request = new Pkcs10CertificateRequest(csr);
    expect(request.subject).toBe('CN=Sallyport agent');
    expect(request.attributes).toEqual([]);
    expect(await request.verify()).toBe(true);
    const key = createPublicKey(privateKey);
    expect(Buffer.from(request.publicKey.rawData)).toEqual(key.export({ type: 'spki', format: 'der' }));
  }
});

test('a server’s certificate carries its names and addresses and is for servers only', async () => {
  const issued = await issueServerCertificate(authority, ['gateway.example.com', '192.0.2.7', '::1'], { now });

  const certificate = new X509Certificate(issued.certificate);
  expect(certificate.checkHost('gateway.example.com')).toBe('gateway.example.com');
  expect(certificate.checkIP('192.0.2.7')).toBe('192.0.2.7');
  expect(certificate.checkIP('::1')).toBe('::1');
  expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
  expect(readCertificate(issued.certificate).agentId).toBeUndefined();
});

test('no certificate outlives the authority', async () => {
  const shortLived = await createAuthority({ now, lifetimeMs: hour });

  const issued = await issueServerCertificate(shortLived, ['localhost'], { now, lifetimeMs: 10 * hour });

  expect(issued.notAfter).toEqual(new Date(now.getTime() + hour));
});

test('a certificate of another authority, or for another key, does not belong together', async () => {
  const other = await createAuthority({ now });
  const mine = await createAgentRequest();
  const theirs = await createAgentRequest();
  const { certificate } = await issueAgentCertificate(authority, mine.csr, agentId, { now });

  expect(belongsTogether(certificate, other.certificate, mine.privateKey)).toBe(false);
  expect(belongsTogether(certificate, authority.certificate, theirs.privateKey)).toBe(false);
});

test.each(['', 'not a request', '-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----'])(
  'a malformed request (%j) is refused',
  async (csr) => {
    await expect(issueAgentCertificate(authority, csr, agentId)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  },
);

test('a request whose signature is wrong is refused', async () => {
  const { csr } = await createAgentRequest();
  const der = Buffer.from(csr.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  der[der.length - 1]! ^= 1;

  await expect(
    issueAgentCertificate(
      authority,
      `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----`,
      agentId,
    ),
  ).rejects.toMatchObject({ code: 'INVALID_INPUT' });
});

test.each([
  ['several names', `URI:spiffe://sallyport/agent/${agentId}, DNS:gateway.example.com`],
  ['another trust domain', 'URI:spiffe://elsewhere/agent/x'],
  ['a path below', `URI:spiffe://sallyport/agent/${agentId}/admin`],
  ['no name', undefined],
])('a certificate with %s is no agent’s', (_what, subjectaltname) => {
  expect(agentOf({ subjectaltname, serialNumber: '01', valid_to: 'Jan  1 00:00:00 2030 GMT' })).toBeUndefined();
});

test('the fingerprint is over the DER, whichever form it is given in', () => {
  expect(fingerprint(authority.certificate)).toBe(fingerprint(new X509Certificate(authority.certificate).raw));
});

test('renewal is due after two thirds of the lifetime, spread by a tenth', async () => {
  const { csr } = await createAgentRequest();
  const { certificate } = await issueAgentCertificate(authority, csr, agentId, { now, lifetimeMs: 30 * hour });

  expect(renewalDue(certificate, () => 0.5).getTime() - now.getTime()).toBeCloseTo(20 * hour, -4);
  expect(renewalDue(certificate, () => 0).getTime()).toBeLessThan(renewalDue(certificate, () => 0.99).getTime());
});

test('an enrolment key is read back, and a broken one is refused without being repeated', () => {
  const key = createEnrolmentKey(fingerprint(authority.certificate));

  expect(parseEnrolmentKey(` ${formatEnrolmentKey(key)}\n`)).toEqual(key);
  const broken = formatEnrolmentKey(key).slice(0, -1);
  expect(() => parseEnrolmentKey(broken)).toThrow(
    expect.objectContaining({ code: 'INVALID_INPUT', message: expect.not.stringContaining(key.secret) as string }),
  );
});

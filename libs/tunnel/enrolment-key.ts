import { randomBytes } from 'node:crypto';
import { GatewayError } from '@sallyport/core';

/** `spe_<id>.<secret>.<fingerprint of the CA>`, each part base64url. */
export interface EnrolmentKey {
  readonly id: string;
  /** 256 random bits; the control plane keeps only a hash. */
  readonly secret: string;
  /** SHA-256 of the CA certificate's DER, base64url: what the agent pins before it says the secret. */
  readonly caFingerprint: string;
}

const shape = /^spe_([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]{43})$/;

export const createEnrolmentKey = (caFingerprint: string): EnrolmentKey => ({
  id: randomBytes(16).toString('base64url'),
  secret: randomBytes(32).toString('base64url'),
  caFingerprint,
});

export const formatEnrolmentKey = ({ id, secret, caFingerprint }: EnrolmentKey): string =>
  `spe_${id}.${secret}.${caFingerprint}`;

/** @throws INVALID_INPUT without repeating what was given: it may be a secret */
export function parseEnrolmentKey(text: string): EnrolmentKey {
  const [, id, secret, caFingerprint] = shape.exec(text.trim()) ?? [];
  if (id !== undefined && secret !== undefined && caFingerprint !== undefined) return { id, secret, caFingerprint };
  throw new GatewayError('INVALID_INPUT', 'the enrolment key is not complete', {
    hint: 'it begins with spe_ and has three parts; copy it whole',
  });
}

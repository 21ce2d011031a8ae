import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { type Digest, GatewayError, type OperationId, type SessionId } from '@sallyport/core';
import { digestOf, fromBase64, isDigest, toBase64, utf8 } from './bytes.js';
import { canonicalJson, parseCanonical } from './canonical.js';
import { type NoteSigner, spkiOf } from './note-keys.js';

/** What both ends sign of a recording. */
export interface Footer {
  readonly v: 1;
  readonly session: SessionId;
  readonly operation?: OperationId;
  readonly chunks: number;
  /** Payload bytes each way. */
  readonly bytes: { readonly toTarget: number; readonly toClient: number };
  readonly lastHash: Digest;
}

export interface FooterSignature {
  /** SHA-256 of the signer's DER SubjectPublicKeyInfo. */
  readonly key: Digest;
  /** Base64: Ed25519, or ECDSA P-256 with SHA-256 in IEEE P1363 form (r ‖ s), by the kind of key. */
  readonly signature: string;
}

export interface SignedFooter {
  readonly footer: Footer;
  /** Absent where no agent made the recording: then the control plane alone vouches for it, and the verifier says so. */
  readonly agent?: FooterSignature;
  readonly controlPlane?: FooterSignature;
}

export interface FooterSigner {
  readonly key: Digest;
  readonly sign: (message: Uint8Array) => Uint8Array;
}

const maxFooterText = 4096;

// One role each: what an agent signed cannot be shown as the control plane's word.
const message = (role: 'agent' | 'control-plane', footer: Footer): Uint8Array =>
  utf8(`sallyport/recording-footer/v1 ${role}\n${canonicalJson(footer)}`);

const algorithmOf = (key: KeyObject): null | 'sha256' => {
  if (key.asymmetricKeyType === 'ed25519') return null;
  if (key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return 'sha256';
  throw new GatewayError('UNSUPPORTED', 'recordings are signed with ed25519 or ecdsa p-256');
};

const spki = (key: KeyObject): Uint8Array => createPublicKey(key).export({ format: 'der', type: 'spki' });

/** A signer of recordings from an Ed25519 or P-256 private key, for example that of the agent's certificate. */
export function footerSigner(privateKey: KeyObject): FooterSigner {
  const algorithm = algorithmOf(privateKey);
  return {
    key: digestOf(spki(privateKey)),
    sign: (bytes) => sign(algorithm, bytes, { key: privateKey, dsaEncoding: 'ieee-p1363' }),
  };
}

/** The control plane countersigns with its log's key; the role in the message keeps it apart from checkpoints. */
export const footerSignerOf = (signer: NoteSigner): FooterSigner => ({
  key: digestOf(spkiOf(signer.key)),
  sign: signer.sign,
});

const signed = (role: 'agent' | 'control-plane', footer: Footer, signer: FooterSigner): FooterSignature => ({
  key: signer.key,
  signature: toBase64(signer.sign(message(role, footer))),
});

export const signAsAgent = (footer: Footer, signer: FooterSigner): SignedFooter => ({
  footer,
  agent: signed('agent', footer, signer),
});

/** A footer that an agent signed, in canonical JSON: how it travels. */
export const encodeFooter = ({ footer, agent }: SignedFooter): string =>
  canonicalJson(agent === undefined ? { footer } : { footer, agent });

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/**
 * Reads what `encodeFooter` wrote. It says what somebody claims: nothing of it has been verified.
 * Throws EVIDENCE_INCONSISTENT for anything else.
 */
export function decodeFooter(text: string): SignedFooter & { readonly agent: FooterSignature } {
  try {
    const { footer, agent } = parseCanonical(text) as { footer: Footer; agent: FooterSignature };
    const { v, session, operation, chunks, bytes, lastHash } = footer;
    const fits =
      v === 1 &&
      typeof session === 'string' &&
      (operation === undefined || typeof operation === 'string') &&
      [chunks, bytes.toTarget, bytes.toClient].every(isCount) &&
      [lastHash, agent.key].every(isDigest) &&
      typeof agent.signature === 'string' &&
      canonicalJson({ footer, agent }).length < maxFooterText;
    if (fits) return { footer, agent: { key: agent.key, signature: agent.signature } };
  } catch {
    // said below
  }
  throw new GatewayError('EVIDENCE_INCONSISTENT', 'what should be the signed footer of a recording is none');
}

/** The control plane's countersignature, once its own chain has come to the same footer. Throws EVIDENCE_INCONSISTENT. */
export function countersign(theirs: SignedFooter, own: Footer, signer: FooterSigner): SignedFooter {
  if (canonicalJson(theirs.footer) !== canonicalJson(own))
    throw new GatewayError('EVIDENCE_INCONSISTENT', 'the agent’s recording is not the one kept here');
  return { ...theirs, controlPlane: signed('control-plane', own, signer) };
}

/** For a recording that no agent signed. */
export const signAlone = (footer: Footer, signer: FooterSigner): SignedFooter => ({
  footer,
  controlPlane: signed('control-plane', footer, signer),
});

/** @param publicKey DER SubjectPublicKeyInfo; false for whatever is not this key's signature */
export function verifyFooter(
  role: 'agent' | 'control-plane',
  { footer, ...signatures }: SignedFooter,
  publicKey: Uint8Array,
): boolean {
  const signature = role === 'agent' ? signatures.agent : signatures.controlPlane;
  if (signature === undefined || signature.key !== digestOf(publicKey)) return false;
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' });
    const bytes = fromBase64(signature.signature, 'a footer signature', 64);
    return verify(algorithmOf(key), message(role, footer), { key, dsaEncoding: 'ieee-p1363' }, bytes);
  } catch {
    return false;
  }
}

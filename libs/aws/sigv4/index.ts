/** Signature version 4: who signed a request, whether it arrived as it was signed, and signing for AWS. */
export { type Authorization, parseAuthorization } from './authorization.js';
export { type BodyEnd, type BodyVerifier, verifiedBody } from './body.js';
export { BodyError, type BodyReason, bodyReasons } from './body-error.js';
export { type Checksum, checksumOf } from './checksums.js';
export { chunkedLength, encodeChunked } from './chunked-encoder.js';
export { type SignatureFailure, type SignatureReason, signatureReasons } from './failure.js';
export { type DerivedKeyPair, deriveKeyPair, keyPairPurpose } from './key-pair.js';
export type { BodyProtection, ChunkedProtection } from './payload.js';
export { unpresignedV2 } from './presigned-v2.js';
export {
  type Arrival,
  attemptOf,
  ReplayGuard,
  type ReplayGuardOptions,
  type ReplayVerdict,
  repeatMs,
} from './replay-guard.js';
export type { CredentialScope } from './scope.js';
export { type SignedRequest, type SigningCredential, type SignOptions, sign } from './sign.js';
export { SigningKeyCache, type SigningKeySource } from './signing-keys.js';
export { hashesUntoldBody, type Verified, type VerifyOptions, verify } from './verify.js';

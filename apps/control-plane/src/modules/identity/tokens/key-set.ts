import { type JSONWebKeySet, type JWK } from 'jose';

/** Asymmetric only: an issuer that signs with a shared secret would let every holder of it be anybody. */
export const signatureAlgorithms = [
  'ES256',
  'ES384',
  'ES512',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'RS384',
  'RS512',
  'EdDSA',
  'Ed25519',
];

const mostKeys = 100;
const leastRsaBits = 2048;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * The public signature keys of a JWK Set (RFC 7517).
 * @throws Error when the document is not one, or publishes secret or private key material: then none of it is trusted
 */
export function keySetOf(document: unknown): JSONWebKeySet {
  if (!isObject(document) || !Array.isArray(document['keys']) || document['keys'].length > mostKeys)
    throw new Error('the key set is not a JWK Set');
  const keys = document['keys'].filter(isObject) as unknown as JWK[];
  const exposed = keys.find((key) => key.kty === 'oct' || key.k !== undefined || key.d !== undefined);
  if (exposed !== undefined) throw new Error('the key set publishes secret key material');
  return { keys: keys.filter(isUsable) };
}

function isUsable({ kty, use, key_ops, n, crv }: JWK): boolean {
  if (use !== undefined && use !== 'sig') return false;
  if (key_ops !== undefined && !key_ops.includes('verify')) return false;
  if (kty === 'RSA') return n !== undefined && Buffer.from(n, 'base64url').length * 8 >= leastRsaBits;
  if (kty === 'EC') return crv !== undefined && ['P-256', 'P-384', 'P-521'].includes(crv);
  return kty === 'OKP' && crv === 'Ed25519';
}

import { createHmac } from 'node:crypto';

export interface DerivedKeyPair {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** What gateways derive the installation's key for this under, wherever a pair is made or checked. */
export const keyPairPurpose = 'aws';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const shortestKey = 32;

/** RFC 4648, section 6, without padding. @param bytes a multiple of five */
const base32 = (bytes: Uint8Array): string => {
  let bits = BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
  let text = '';
  for (let left = (bytes.length * 8) / 5; left > 0; left -= 1) {
    text = alphabet[Number(bits & 31n)]! + text;
    bits >>= 5n;
  }
  return text;
};

/**
 * The AWS key pair of a ticket: the same each time for whoever holds the installation's key, so that no secret has to be
 * kept. Both parts are HMAC-SHA256 under that key, told apart by what is hashed in front of the ticket: the id that is
 * sent in clear tells nothing of the secret, and neither tells of the ticket.
 *
 * @returns an id as AWS makes them for temporary credentials (`ASIA` and 80 bits), and a secret of 240 bits in 40 characters
 */
export const deriveKeyPair = (installationKey: Uint8Array, ticket: string): DerivedKeyPair => {
  if (installationKey.length < shortestKey) throw new Error(`an installation key of less than ${shortestKey} bytes`);
  if (ticket === '') throw new Error('a key pair of no ticket');
  const part = (name: string, size: number): Buffer =>
    createHmac('sha256', installationKey).update(`sallyport/aws/${name}/v1\0${ticket}`).digest().subarray(0, size);
  return {
    accessKeyId: `ASIA${base32(part('access-key-id', 10))}`,
    secretAccessKey: part('secret-access-key', 30).toString('base64'),
  };
};

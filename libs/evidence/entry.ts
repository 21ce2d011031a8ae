import { type Digest, GatewayError, type OperationId, type ReviewId, type SessionId } from '@sallyport/core';
import { fromBase64, fromUtf8, isDigest, utf8 } from './bytes.js';
import { canonicalJson, parseCanonical } from './canonical.js';

/** Bytes of a leaf; far more than any envelope needs, and what a uint16 length prefix can hold. */
export const maxLeafBytes = 65_535;
/** Bytes of a nonce: AES-GCM's own size. */
export const nonceBytes = 12;

/**
 * What stays readable for ever, even after the session's key is gone: so routing only, nothing personal.
 * `at` is UTC in ISO 8601 with milliseconds.
 */
export interface Envelope {
  readonly v: 1;
  /** The log's origin, the first line of its checkpoints. */
  readonly log: string;
  readonly event: string;
  readonly at: string;
  readonly session?: SessionId;
  readonly operation?: OperationId;
  readonly review?: ReviewId;
  /** Earlier operations of the session whose outcomes the body tells beside its own event: see `EarlierOutcome`. */
  readonly completed?: readonly OperationId[];
  /** Which key seals the body where it is not the session's: see `keyIdOf`. */
  readonly key?: string;
}

/** Everything in a leaf but its place: known when the entry is written, before a leader gives it a sequence number. */
export interface UnsequencedEntry {
  readonly envelope: Envelope;
  /** Base64 of 12 random bytes. */
  readonly nonce: string;
  /** SHA-256 of the body document (see seal.ts). */
  readonly bodyDigest: Digest;
}

export interface Entry extends UnsequencedEntry {
  /** Place in the log, from 0, without gaps: also the leaf's index in the tree. */
  readonly seq: number;
}

/** The key of bodies outside any session, where the envelope names no other. */
export const logKeyId = 'log';

/** The id of the key that seals an entry's body. Authentic, because it follows from the leaf. */
export const keyIdOf = (envelope: Envelope): string => envelope.key ?? envelope.session ?? logKeyId;

const invalid = (message: string): GatewayError => new GatewayError('INVALID_INPUT', message);

const isText = (value: unknown): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= 256;
/** Outcomes that one entry tells at most. */
export const mostCompleted = 100;
const isCompleted = (value: unknown): boolean =>
  Array.isArray(value) && value.length > 0 && value.length <= mostCompleted && value.every(isText);
const isTime = (value: unknown): boolean =>
  typeof value === 'string' &&
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value) &&
  !Number.isNaN(Date.parse(value));
export const isSequence = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

const envelopeFields: Readonly<
  Record<string, { readonly optional: boolean; readonly is: (value: unknown) => boolean }>
> = {
  v: { optional: false, is: (value) => value === 1 },
  log: { optional: false, is: isText },
  event: { optional: false, is: (value) => isText(value) && /^[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*$/.test(value) },
  at: { optional: false, is: isTime },
  session: { optional: true, is: isText },
  operation: { optional: true, is: isText },
  review: { optional: true, is: isText },
  completed: { optional: true, is: isCompleted },
  key: { optional: true, is: isText },
};

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Throws INVALID_INPUT unless `value` is an envelope of this version and nothing else. */
export function parseEnvelope(value: unknown): Envelope {
  if (!isRecord(value)) throw invalid('an envelope must be an object');
  for (const key of Object.keys(value))
    if (!Object.hasOwn(envelopeFields, key)) throw invalid(`an envelope has no field '${key}'`);
  for (const [key, { optional, is }] of Object.entries(envelopeFields)) {
    const member = value[key];
    if (member === undefined ? !optional : !is(member)) throw invalid(`an envelope's '${key}' is missing or malformed`);
  }
  return value as unknown as Envelope;
}

/** A leaf's text of parts that are valid and canonical already: hexadecimal digest, base64 nonce, canonical JSON. */
export const leafText = (part: {
  readonly seq: number;
  readonly envelope: string;
  readonly nonce: string;
  readonly bodyDigest: string;
}): string => `{"body":"${part.bodyDigest}","envelope":${part.envelope},"nonce":"${part.nonce}","seq":${part.seq}}`;

/**
 * Leaf bytes: canonical JSON of `{"body":…,"envelope":…,"nonce":…,"seq":…}` in UTF-8. `body` is the digest.
 * Throws INVALID_INPUT for a malformed entry, TOO_LARGE at 64 KiB.
 */
export function encodeEntry({ seq, envelope, nonce, bodyDigest }: Entry): Uint8Array {
  if (!isSequence(seq)) throw invalid(`'${String(seq)}' is not a sequence number`);
  if (!isDigest(bodyDigest)) throw invalid('a body digest is 64 hexadecimal digits');
  fromBase64(nonce, 'a nonce', nonceBytes);
  const bytes = utf8(leafText({ seq, envelope: canonicalJson(parseEnvelope(envelope)), nonce, bodyDigest }));
  if (bytes.length > maxLeafBytes) throw new GatewayError('TOO_LARGE', 'an entry must stay below 64 KiB');
  return bytes;
}

/** Reads leaf bytes strictly. Throws INVALID_INPUT for anything that `encodeEntry` would not have written. */
export function decodeEntry(bytes: Uint8Array): Entry {
  if (bytes.length > maxLeafBytes) throw new GatewayError('TOO_LARGE', 'an entry must stay below 64 KiB');
  const value = parseCanonical(fromUtf8(bytes));
  if (!isRecord(value) || Object.keys(value).join() !== 'body,envelope,nonce,seq')
    throw invalid('a leaf has exactly body, envelope, nonce and seq');
  const { body, envelope, nonce, seq } = value;
  if (!isDigest(body) || !isSequence(seq) || typeof nonce !== 'string') throw invalid('a leaf has a malformed member');
  fromBase64(nonce, 'a nonce', nonceBytes);
  return { seq, envelope: parseEnvelope(envelope), nonce, bodyDigest: body };
}

import { GatewayError } from '@sallyport/core';
import { fromBase64, toBase64, utf8 } from './bytes.js';
import { isKeyName, keyTypes, type NoteSigner, type VerifierKey, verifySignature } from './note-keys.js';

/** c2sp.org/signed-note asks for at least 16. */
export const maxSignatures = 64;
export const maxNoteBytes = 32 * 1024;

export interface NoteSignature {
  readonly name: string;
  /** Eight hexadecimal digits. */
  readonly id: string;
  /** What follows the key id. */
  readonly bytes: Uint8Array;
}

export interface Note {
  /** Ends in a newline; what is signed. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

const invalid = (message: string): GatewayError => new GatewayError('INVALID_INPUT', message);

const signatureLine = ({ name, id, bytes }: NoteSignature): string =>
  `— ${name} ${toBase64(Buffer.concat([Buffer.from(id, 'hex'), bytes]))}`;

export const formatNote = ({ text, signatures }: Note): string =>
  `${text}\n${signatures.map((line) => `${signatureLine(line)}\n`).join('')}`;

function parseSignatureLine(line: string): NoteSignature {
  const parts = /^— (\S+) ([A-Za-z0-9+/=]+)$/u.exec(line);
  if (parts === null || !isKeyName(parts[1]!)) throw invalid('a note has a line that is no signature');
  const bytes = fromBase64(parts[2]!, 'a note signature');
  if (bytes.length < 5) throw invalid('a note signature is too short');
  return { name: parts[1]!, id: Buffer.from(bytes.subarray(0, 4)).toString('hex'), bytes: bytes.subarray(4) };
}

/** Reads a signed note strictly (c2sp.org/signed-note); verifies nothing. Throws INVALID_INPUT, TOO_LARGE. */
export function parseNote(note: string): Note {
  if (Buffer.byteLength(note) > maxNoteBytes)
    throw new GatewayError('TOO_LARGE', `a note must stay below ${maxNoteBytes} bytes`);
  if (/[^\n\P{Cc}]/u.test(note)) throw invalid('a note must not hold control characters');
  const split = note.lastIndexOf('\n\n');
  if (split < 1 || !note.endsWith('\n'))
    throw invalid('a note is text, an empty line and signatures, each ending in a newline');
  const lines = note.slice(split + 2, -1).split('\n');
  if (lines.length > maxSignatures)
    throw new GatewayError('TOO_LARGE', `a note must not have more than ${maxSignatures} signatures`);
  return { text: note.slice(0, split + 1), signatures: lines.map(parseSignatureLine) };
}

/** The bytes that a cosignature signs: c2sp.org/tlog-cosignature. */
const cosignedMessage = (text: string, seconds: bigint): Uint8Array => utf8(`cosignature/v1\ntime ${seconds}\n${text}`);

/** Signs a text as a log does (type 0x01). */
export function signText(text: string, signer: NoteSigner): NoteSignature {
  if (signer.key.type !== keyTypes.ed25519) throw invalid('a witness key cannot sign as a log');
  return { name: signer.key.name, id: signer.key.id, bytes: signer.sign(utf8(text)) };
}

/** Cosigns a text as a witness does (type 0x04): eight bytes of POSIX seconds, then the signature. */
export function cosignText(text: string, signer: NoteSigner, now: Date): NoteSignature {
  if (signer.key.type !== keyTypes.cosignature) throw invalid('only a witness key can cosign');
  const seconds = BigInt(Math.floor(now.getTime() / 1000));
  const time = Buffer.alloc(8);
  time.writeBigUInt64BE(seconds);
  return {
    name: signer.key.name,
    id: signer.key.id,
    bytes: Buffer.concat([time, signer.sign(cosignedMessage(text, seconds))]),
  };
}

export interface VerifiedSignature {
  readonly key: VerifierKey;
  /** A cosignature's own time. */
  readonly at?: Date;
}

/** Milliseconds that a Date can hold. */
const maxSeconds = 8_640_000_000_000n;

/** @returns undefined unless `key` made this signature over `text` */
export function verifyNoteSignature(
  text: string,
  { bytes }: NoteSignature,
  key: VerifierKey,
): VerifiedSignature | undefined {
  if (key.type === keyTypes.ed25519) return verifySignature(key, utf8(text), bytes) ? { key } : undefined;
  if (bytes.length !== 72) return undefined;
  const seconds = Buffer.from(bytes).readBigUInt64BE();
  if (seconds > maxSeconds || !verifySignature(key, cosignedMessage(text, seconds), bytes.subarray(8)))
    return undefined;
  return { key, at: new Date(Number(seconds) * 1000) };
}

export interface NoteCheck {
  readonly verified: readonly VerifiedSignature[];
  /** Signatures of keys that were not given. */
  readonly unknown: readonly NoteSignature[];
  /** Signatures under a known key's name and id that it did not make. */
  readonly invalid: readonly NoteSignature[];
}

/** Sorts a note's signatures by what the known keys say to them. A second signature of one key counts as invalid. */
export function checkNote({ text, signatures }: Note, keys: readonly VerifierKey[]): NoteCheck {
  const verified: VerifiedSignature[] = [];
  const unknown: NoteSignature[] = [];
  const bad: NoteSignature[] = [];
  for (const signature of signatures) {
    const key = keys.find(({ name, id }) => name === signature.name && id === signature.id);
    const result =
      key && !verified.some((other) => other.key === key) ? verifyNoteSignature(text, signature, key) : undefined;
    if (result !== undefined) verified.push(result);
    else (key === undefined ? unknown : bad).push(signature);
  }
  return { verified, unknown, invalid: bad };
}

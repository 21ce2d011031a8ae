import { GatewayError } from '@sallyport/core';
import { fromBase64, toBase64 } from './bytes.js';
import { keyTypes, type NoteSigner, type VerifierKey } from './note-keys.js';
import { checkNote, formatNote, maxNoteBytes, type Note, type NoteSignature, parseNote, signText } from './notes.js';

/** A log's tree head (c2sp.org/tlog-checkpoint). */
export interface Checkpoint {
  readonly origin: string;
  /** Leaves. */
  readonly size: number;
  /** 32 bytes. */
  readonly root: Uint8Array;
}

const invalid = (message: string): GatewayError => new GatewayError('INVALID_INPUT', message);

/** Three lines: origin, size, base64 root. */
export const checkpointText = ({ origin, size, root }: Checkpoint): string => `${origin}\n${size}\n${toBase64(root)}\n`;

/** Reads exactly three lines; extension lines are refused, because no monitor audits them. Throws INVALID_INPUT. */
export function parseCheckpointText(text: string): Checkpoint {
  const lines = text.split('\n');
  if (lines.length !== 4 || lines[3] !== '') throw invalid('a checkpoint has exactly three lines');
  const [origin = '', digits = '', root = ''] = lines;
  const size = Number(digits);
  if (origin === '' || !/^(0|[1-9]\d{0,15})$/.test(digits) || !Number.isSafeInteger(size))
    throw invalid('a checkpoint has a malformed origin or size');
  return { origin, size, root: fromBase64(root, 'a root', 32) };
}

/** A checkpoint signed by its log, whose key bears the log's name. */
export function signCheckpoint(checkpoint: Checkpoint, signer: NoteSigner): string {
  if (signer.key.name !== checkpoint.origin)
    throw invalid(`key '${signer.key.name}' is not the key of log '${checkpoint.origin}'`);
  const text = checkpointText(checkpoint);
  return formatNote({ text, signatures: [signText(text, signer)] });
}

/** Adds signature lines, once for each key, to a checkpoint that may have been cosigned already. */
export function addSignatures(note: string, added: readonly string[]): string {
  const { text, signatures } = parseNote(note);
  const known = new Map(signatures.map((signature) => [`${signature.name} ${signature.id}`, signature]));
  for (const line of added) {
    const signature = parseSignature(line);
    const name = `${signature.name} ${signature.id}`;
    if (!known.has(name)) known.set(name, signature);
  }
  return formatNote({ text, signatures: [...known.values()] });
}

/** One signature line, without its newline, as a witness answers with it. */
export const formatSignature = (signature: NoteSignature): string =>
  formatNote({ text: '', signatures: [signature] }).slice(1, -1);

function parseSignature(line: string): NoteSignature {
  if (line.length > maxNoteBytes || line.includes('\n')) throw invalid('a signature is one line');
  return parseNote(`-\n\n${line}\n`).signatures[0]!;
}

export interface OpenedCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly note: Note;
}

/**
 * Reads a checkpoint that must bear a valid signature of `logKey`, its own origin's key.
 * Throws INVALID_INPUT for what is no checkpoint, EVIDENCE_INCONSISTENT for one that this log did not sign.
 */
export function openCheckpoint(text: string, logKey: VerifierKey): OpenedCheckpoint {
  const note = parseNote(text);
  const checkpoint = parseCheckpointText(note.text);
  const { verified } = checkNote(note, [logKey]);
  if (logKey.type !== keyTypes.ed25519 || checkpoint.origin !== logKey.name || verified.length !== 1) {
    throw new GatewayError('EVIDENCE_INCONSISTENT', `this checkpoint was not signed by log '${logKey.name}'`, {
      hint: 'compare the log key that was pinned with the one that the control plane prints',
    });
  }
  return { checkpoint, note };
}

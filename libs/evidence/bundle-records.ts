import { GatewayError } from '@sallyport/core';
import { parseCanonical } from './canonical.js';
import { isSequence } from './entry.js';

/** Bytes of one line without its newline. */
export const maxLineBytes = 4 * 1024 * 1024;
export const bundleFormat = 'sallyport-evidence/1';
export type BundleKind = 'log' | 'selection';

export interface HeaderRecord {
  readonly type: 'header';
  readonly format: typeof bundleFormat;
  /** `log`: every entry from 0. `selection`: some entries, each with its inclusion proof. */
  readonly kind: BundleKind;
  readonly origin: string;
  /** Size of the largest checkpoint. */
  readonly size: number;
  /** Verifier keys of all signatures in the bundle: they name keys, and make none trusted. */
  readonly keys: readonly string[];
  /** Of a selection: the sessions that are in it as a whole. */
  readonly sessions?: readonly string[];
}

export interface PolicyRecord {
  readonly type: 'policy';
  readonly version: number;
  readonly text: string;
}

export interface EntryRecord {
  readonly type: 'entry';
  /** The leaf bytes as text: they are UTF-8. */
  readonly leaf: string;
  /** The body document; absent where it is erased or not disclosed. */
  readonly document?: string;
  /** Base64 of the sealed body, where it is handed over without its key. */
  readonly sealed?: string;
  /** Of a selection: the inclusion proof at the header's size, base64. */
  readonly proof?: readonly string[];
}

export interface CheckpointRecord {
  readonly type: 'checkpoint';
  /** A signed and cosigned note. */
  readonly note: string;
}

export interface ConsistencyRecord {
  readonly type: 'consistency';
  readonly from: number;
  readonly to: number;
  readonly proof: readonly string[];
}

export interface RecordingRecord {
  readonly type: 'recording';
  readonly session: string;
  readonly operation?: string;
  /** Base64 of one chunk. */
  readonly chunk: string;
}

export interface EndRecord {
  readonly type: 'end';
  readonly entries: number;
  readonly checkpoints: number;
  readonly policies: number;
  readonly chunks: number;
}

export type BundleRecord =
  | HeaderRecord
  | PolicyRecord
  | EntryRecord
  | CheckpointRecord
  | ConsistencyRecord
  | RecordingRecord
  | EndRecord;

type Check = (value: unknown) => boolean;
const text: Check = (value) => typeof value === 'string';
const texts: Check = (value) => Array.isArray(value) && value.length <= 100_000 && value.every(text);
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const oneOf =
  (...allowed: readonly string[]): Check =>
  (value) =>
    typeof value === 'string' && allowed.includes(value);

const shapes: Readonly<Record<BundleRecord['type'], Readonly<Record<string, Check>>>> = {
  header: {
    format: oneOf(bundleFormat),
    kind: oneOf('log', 'selection'),
    origin: text,
    size: isSequence,
    keys: texts,
    sessions: optional(texts),
  },
  policy: { version: isSequence, text },
  entry: { leaf: text, document: optional(text), sealed: optional(text), proof: optional(texts) },
  checkpoint: { note: text },
  consistency: { from: isSequence, to: isSequence, proof: texts },
  recording: { session: text, operation: optional(text), chunk: text },
  end: { entries: isSequence, checkpoints: isSequence, policies: isSequence, chunks: isSequence },
};

/** Reads one line strictly: canonical JSON of a known record with known members. Throws INVALID_INPUT, TOO_LARGE. */
export function parseRecord(line: string): BundleRecord {
  if (Buffer.byteLength(line) > maxLineBytes)
    throw new GatewayError('TOO_LARGE', `a line of a bundle must stay below ${maxLineBytes} bytes`);
  const value = parseCanonical(line) as Readonly<Record<string, unknown>> | null;
  const type = value?.['type'];
  if (value === null || typeof type !== 'string' || !Object.hasOwn(shapes, type))
    throw new GatewayError('INVALID_INPUT', 'a line is no record of a bundle');
  const shape = shapes[type as BundleRecord['type']];
  for (const key of Object.keys(value)) {
    if (key !== 'type' && !Object.hasOwn(shape, key))
      throw new GatewayError('INVALID_INPUT', `a '${type}' record has no member '${key}'`);
  }
  for (const [key, check] of Object.entries(shape)) {
    if (!check(value[key])) throw new GatewayError('INVALID_INPUT', `a '${type}' record has a malformed '${key}'`);
  }
  return value as unknown as BundleRecord;
}

/** Splits a file into lines without their newlines. Throws TOO_LARGE for an endless line. */
export async function* splitLines(chunks: AsyncIterable<Uint8Array | string>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let rest = '';
  for await (const chunk of chunks) {
    rest += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    const lines = rest.split('\n');
    rest = lines.pop()!;
    yield* lines;
    if (rest.length > maxLineBytes)
      throw new GatewayError('TOO_LARGE', `a line of a bundle must stay below ${maxLineBytes} bytes`);
  }
  rest += decoder.decode();
  if (rest !== '') yield rest;
}

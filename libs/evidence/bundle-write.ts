import { GatewayError } from '@sallyport/core';
import { type BundleKind, type BundleRecord, bundleFormat } from './bundle-records.js';
import { fromUtf8, toBase64 } from './bytes.js';
import { canonicalJsonOfDefined } from './canonical.js';
import { parseCheckpointText } from './checkpoint.js';
import { type Entry, encodeEntry } from './entry.js';
import { consistencyProof, inclusionProof } from './merkle-proof.js';
import type { HashReader } from './merkle-tree.js';
import { parseNote } from './notes.js';

export interface BundleEntry {
  readonly entry: Entry;
  /** `openDocument` of the stored entry; absent once its key is destroyed. */
  readonly document?: string;
  /** The stored ciphertext, to hand it over unopened. */
  readonly sealed?: Uint8Array;
}

export interface BundleRecording {
  readonly session: string;
  readonly operation?: string;
  /** As stored: all chunks of one recording follow one another, in order. */
  readonly chunk: Uint8Array;
}

type Source<T> = AsyncIterable<T> | Iterable<T>;

/** What an export reads. Every source is read once, from the beginning, and never held in memory. */
export interface BundleSource {
  readonly origin: string;
  readonly kind: BundleKind;
  /** Verifier keys of the log and of every witness whose signature is in a checkpoint. */
  readonly keys: readonly string[];
  /** Of a selection: the sessions that are in it as a whole. */
  readonly sessions?: readonly string[];
  /** Size of the last checkpoint: entries beyond it are not exported. */
  readonly size: number;
  /** Notes in order of size, the last one of `size`; of a selection only that one. */
  readonly checkpoints: Source<string>;
  /**
   * In order of their numbers. Of a log: all below `size`. Of a selection: every entry of its sessions, the review.*
   * entries of the reviews they used, the `policy.activated` of the versions they were decided by, and the
   * `agent.enrolled` or `agent.renewed` of the keys that signed their recordings.
   */
  readonly entries: Source<BundleEntry>;
  readonly policies: Source<{ readonly version: number; readonly text: string }>;
  readonly recordings?: Source<BundleRecording>;
  /** Stored nodes of the tree; needed for selections and consistency proofs. */
  readonly read: HashReader;
  /** Sizes of checkpoints that the auditor holds: a consistency proof to `size` is added for each. */
  readonly consistencyFrom?: readonly number[];
}

const line = (record: BundleRecord): string => `${canonicalJsonOfDefined(record)}\n`;

const sizeOf = (note: string): number => parseCheckpointText(parseNote(note).text).size;

async function entryLine(
  { entry, document, sealed }: BundleEntry,
  { kind, size, read }: BundleSource,
): Promise<string> {
  const leaf = fromUtf8(encodeEntry(entry));
  const proof = kind === 'log' ? undefined : (await inclusionProof(entry.seq, size, read)).map(toBase64);
  const body = document === undefined ? { sealed: sealed && toBase64(sealed) } : { document };
  return line({ type: 'entry', leaf, ...body, proof });
}

/** A log's entries with each checkpoint at the place where the tree has its size. */
async function* interleaved(
  source: BundleSource,
  counts: { entries: number; checkpoints: number },
): AsyncGenerator<string> {
  const checkpoints = iteratorOf(source.checkpoints);
  let next = await checkpoints.next();
  const due = (): boolean =>
    next.done !== true && (source.kind === 'selection' || sizeOf(next.value) === counts.entries);
  const reached = async function* (): AsyncGenerator<string> {
    for (; due(); next = await checkpoints.next()) {
      counts.checkpoints += 1;
      yield line({ type: 'checkpoint', note: next.value as string });
    }
  };
  yield* reached();
  for await (const entry of source.entries) {
    counts.entries += 1;
    yield await entryLine(entry, source);
    yield* reached();
  }
  if (next.done !== true || (source.kind === 'log' && counts.entries !== source.size)) {
    throw new GatewayError('EVIDENCE_INCONSISTENT', 'the entries of this log do not reach its checkpoints', {
      details: { entries: counts.entries, size: source.size },
    });
  }
}

async function* iteratorOf<T>(source: Source<T>): AsyncGenerator<T> {
  yield* source;
}

/** A bundle as lines, each ending in a newline: see README.md for the format. Throws EVIDENCE_INCONSISTENT for a log with gaps. */
export async function* writeBundle(source: BundleSource): AsyncGenerator<string> {
  const { origin, kind, size, keys, sessions, read } = source;
  const counts = { entries: 0, checkpoints: 0, policies: 0, chunks: 0 };
  yield line({ type: 'header', format: bundleFormat, kind, origin, size, keys, sessions });
  for await (const { version, text } of source.policies) {
    counts.policies += 1;
    yield line({ type: 'policy', version, text });
  }
  yield* interleaved(source, counts);
  for (const from of source.consistencyFrom ?? []) {
    yield line({
      type: 'consistency',
      from,
      to: size,
      proof: (await consistencyProof(from, size, read)).map(toBase64),
    });
  }
  for await (const { session, operation, chunk } of source.recordings ?? []) {
    counts.chunks += 1;
    yield line({ type: 'recording', session, operation, chunk: toBase64(chunk) });
  }
  yield line({ type: 'end', ...counts });
}

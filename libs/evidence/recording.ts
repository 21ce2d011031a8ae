import { GatewayError, type OperationId, type SessionId } from '@sallyport/core';
import { sha256, toHex, utf8 } from './bytes.js';
import { canonicalJsonOfDefined } from './canonical.js';
import type { Footer } from './footer.js';

/** Bytes of a whole chunk. */
export const maxChunkBytes = 64 * 1024;
/** seq (4) ‖ time (8) ‖ direction (1) ‖ length (4), big-endian. */
export const chunkHeaderBytes = 17;
export const maxPayloadBytes = maxChunkBytes - chunkHeaderBytes;

export const directions = { toTarget: 1, toClient: 2 } as const;
export type Direction = keyof typeof directions;

export interface Chunk {
  /** From 0. */
  readonly seq: number;
  readonly at: Date;
  readonly direction: Direction;
  readonly payload: Uint8Array;
}

export interface RecordingId {
  readonly session: SessionId;
  /** Absent for the recording of a whole session. */
  readonly operation?: OperationId;
}

const invalid = (message: string): GatewayError => new GatewayError('INVALID_INPUT', message);

/** Throws TOO_LARGE: split long payloads with `payloadsOf`. */
export function encodeChunk({ seq, at, direction, payload }: Chunk): Uint8Array {
  if (payload.length > maxPayloadBytes)
    throw new GatewayError('TOO_LARGE', `a recording's chunk holds at most ${maxPayloadBytes} bytes`);
  const bytes = Buffer.alloc(chunkHeaderBytes + payload.length);
  bytes.writeUInt32BE(seq, 0);
  bytes.writeBigUInt64BE(BigInt(at.getTime()), 4);
  bytes.writeUInt8(directions[direction], 12);
  bytes.writeUInt32BE(payload.length, 13);
  bytes.set(payload, chunkHeaderBytes);
  return bytes;
}

/** Throws INVALID_INPUT for anything that `encodeChunk` would not have written. */
export function decodeChunk(bytes: Uint8Array): Chunk {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (buffer.length < chunkHeaderBytes || buffer.length > maxChunkBytes)
    throw invalid('a recording has a chunk of the wrong size');
  const code = buffer.readUInt8(12);
  const direction = (Object.keys(directions) as Direction[]).find((name) => directions[name] === code);
  if (direction === undefined || buffer.readUInt32BE(13) !== buffer.length - chunkHeaderBytes)
    throw invalid('a recording has a malformed chunk');
  return {
    seq: buffer.readUInt32BE(0),
    at: new Date(Number(buffer.readBigUInt64BE(4))),
    direction,
    payload: buffer.subarray(chunkHeaderBytes),
  };
}

/** Cuts bytes into payloads of chunks. */
export function* payloadsOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += maxPayloadBytes) yield bytes.subarray(from, from + maxPayloadBytes);
}

/** h₀: names the recording, so that one chain cannot stand in for another. */
const firstHash = (id: RecordingId): Uint8Array =>
  sha256(utf8(`sallyport/recording/v1\n${canonicalJsonOfDefined({ ...id })}`));

/** The chain over one recording's chunks, hᵢ = SHA-256(hᵢ₋₁ ‖ chunk), kept by agent and control plane alike. */
export class RecordingChain {
  readonly #id: RecordingId;
  #hash: Uint8Array;
  #chunks = 0;
  readonly #bytes = { toTarget: 0, toClient: 0 };

  constructor({ session, operation }: RecordingId) {
    this.#id = operation === undefined ? { session } : { session, operation };
    this.#hash = firstHash(this.#id);
  }

  /** The next chunk of at most `maxPayloadBytes`; store its bytes before they are shown to anybody. */
  record(direction: Direction, payload: Uint8Array, at: Date): Uint8Array {
    const bytes = encodeChunk({ seq: this.#chunks, at, direction, payload });
    this.add(bytes);
    return bytes;
  }

  /** Takes a chunk that the other end made. Throws EVIDENCE_INCONSISTENT when it is not the next one. */
  add(chunk: Uint8Array): Chunk {
    const decoded = decodeChunk(chunk);
    if (decoded.seq !== this.#chunks)
      throw new GatewayError(
        'EVIDENCE_INCONSISTENT',
        `chunk ${decoded.seq} of a recording came where ${this.#chunks} was due`,
      );
    this.#hash = sha256(this.#hash, chunk);
    this.#chunks += 1;
    this.#bytes[decoded.direction] += decoded.payload.length;
    return decoded;
  }

  footer(): Footer {
    return {
      v: 1,
      ...this.#id,
      chunks: this.#chunks,
      bytes: { ...this.#bytes },
      lastHash: toHex(this.#hash) as Footer['lastHash'],
    };
  }
}

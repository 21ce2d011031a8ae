import { hkdfSync } from 'node:crypto';
import type { OperationId, RandomBytes, SessionId } from '@sallyport/core';
import { openBytes, sealBytes } from '../evidence/sealed-bytes.js';

/** Where a chunk belongs: it opens nowhere else. */
export interface ChunkPlace {
  readonly session: SessionId;
  readonly operation: OperationId;
  readonly number: number;
}

const contextOf = ({ session, operation, number }: ChunkPlace): string =>
  `sallyport/recording/chunk/v1\n${session}\n${operation}\n${number}`;

/** The session's key seals bodies; what seals its recording is derived from it, and dies with it. */
export const recordingKey = (sessionKey: Uint8Array): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', sessionKey, new Uint8Array(0), 'sallyport/v1/recording', 32));

export const sealChunk = (key: Uint8Array, place: ChunkPlace, chunk: Uint8Array, random: RandomBytes): Buffer =>
  sealBytes(key, contextOf(place), chunk, random);

/** @throws GatewayError EVIDENCE_INCONSISTENT */
export const openChunk = (key: Uint8Array, place: ChunkPlace, sealed: Uint8Array): Buffer =>
  openBytes(key, contextOf(place), sealed);

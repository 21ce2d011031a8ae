import type { OperationId, SessionId } from '@sallyport/core';
import type { ChunkRow } from './chunk-rows.js';

export interface StoredChunk {
  readonly number: number;
  readonly payload: Uint8Array;
}

/** Where sealed chunks of recorded responses are kept; the injection token too. */
export abstract class ChunkStore {
  /** Resolves once durable. @throws GatewayError RECORDING_UNAVAILABLE */
  abstract put(row: ChunkRow): Promise<void>;
  /** In order, without gaps. @throws GatewayError RECORDING_UNAVAILABLE when it cannot be read */
  abstract read(session: SessionId, operation: OperationId): AsyncIterable<StoredChunk>;
}

import { Injectable } from '@nestjs/common';
import { GatewayError, type OperationId, type SessionId } from '@sallyport/core';
import { RecordingReader } from '../evidence/recording-reader.js';
import { SessionKeys } from '../evidence/session-keys.js';
import { openChunk, recordingKey } from './chunk-sealing.js';
import { ChunkStore } from './chunk-store.js';

/** Chunks as they were recorded, out of whichever store keeps them. */
@Injectable()
export class StoredRecordings extends RecordingReader {
  constructor(
    private readonly keys: SessionKeys,
    private readonly store: ChunkStore,
  ) {
    super();
  }

  async *chunks(session: SessionId, operation: OperationId, count: number): AsyncIterable<Uint8Array> {
    const sessionKey = await this.keys.find(session);
    if (sessionKey === undefined) return;
    const key = recordingKey(sessionKey);
    let next = 0;
    for await (const { number, payload } of this.store.read(session, operation)) {
      if (number !== next) break;
      yield openChunk(key, { session, operation, number }, payload);
      next += 1;
    }
    if (next < count)
      throw new GatewayError(
        'EVIDENCE_INCONSISTENT',
        `the recording of operation "${operation}" has ${next} chunks of ${count}`,
      );
  }
}

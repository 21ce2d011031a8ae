import { Injectable } from '@nestjs/common';
import { GatewayError } from '@sallyport/core';
import { type RecordedOperation, RecordingReader } from '../evidence/recording-reader.js';
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

  async *chunks(recorded: RecordedOperation, count: number): AsyncIterable<Uint8Array> {
    if (count === 0 || (await this.keys.find(recorded.keyId)) === undefined) return;
    let next = 0;
    for await (const chunk of this.stored(recorded)) {
      yield chunk;
      next += 1;
      if (next === count) return; // what came after the session was closed is no part of what was signed
    }
    throw new GatewayError(
      'EVIDENCE_INCONSISTENT',
      `the recording of operation "${recorded.operation}" has ${next} chunks of ${count}`,
    );
  }

  /** As many as there are without a gap; none once the key is destroyed. */
  async *stored({ session, operation, keyId }: RecordedOperation): AsyncIterable<Uint8Array> {
    const sealing = await this.keys.find(keyId);
    if (sealing === undefined) return;
    const key = recordingKey(sealing);
    let next = 0;
    for await (const { number, payload } of this.store.read(session, operation)) {
      if (number !== next) return;
      yield openChunk(key, { session, operation, number }, payload);
      next += 1;
    }
  }
}

import { Injectable } from '@nestjs/common';
import type { OperationId, SessionId } from '@sallyport/core';
import { DataSource } from 'typeorm';
import type { ChunkRow } from './chunk-rows.js';
import { ChunkStore, type StoredChunk } from './chunk-store.js';
import { Journal } from './journal.js';

const pageSize = 64;

/** Chunks beside the entries, in the same commits. */
@Injectable()
export class DatabaseChunks extends ChunkStore {
  constructor(
    private readonly journal: Journal,
    private readonly database: DataSource,
  ) {
    super();
  }

  put(row: ChunkRow): Promise<void> {
    return this.journal.chunk(row);
  }

  async *read(session: SessionId, operation: OperationId): AsyncIterable<StoredChunk> {
    for (let next = 0; ; next += pageSize) {
      const page = await this.database.query<{ number: number; payload: Buffer }[]>(
        'select number, payload from recording_chunks where session = $1 and operation = $2 and number >= $3 order by number limit $4',
        [session, operation, next, pageSize],
      );
      yield* page;
      if (page.length < pageSize) return;
    }
  }
}

import { Module } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Configuration } from '../../platform/index.js';
import { AgentKeys } from '../agents/agent-keys.js';
import { EvidenceModule } from '../evidence/evidence.module.js';
import { RecordingReader } from '../evidence/recording-reader.js';
import { ChunkStore } from './chunk-store.js';
import { DatabaseChunks } from './database-chunks.js';
import { Journal } from './journal.js';
import { LostRecordings } from './lost-recordings.js';
import { Recorder } from './recorder.js';
import { RecordingHouse } from './recording-house.js';
import { RecordingMetrics } from './recording-metrics.js';
import { Recovery } from './recovery.js';
import { ReplicaRegistry } from './replica-registry.js';
import { S3Chunks } from './s3-chunks.js';
import { SessionCloser } from './session-closer.js';
import { StoredRecordings } from './stored-recordings.js';

@Module({
  imports: [EvidenceModule],
  providers: [
    RecordingMetrics,
    Journal,
    AgentKeys,
    StoredRecordings,
    LostRecordings,
    ReplicaRegistry,
    SessionCloser,
    Recovery,
    RecordingHouse,
    { provide: Recorder, useExisting: RecordingHouse },
    {
      provide: ChunkStore,
      useFactory: ({ recordings }: Configuration, journal: Journal, database: DataSource): ChunkStore =>
        recordings.store === 's3' ? new S3Chunks(recordings.s3) : new DatabaseChunks(journal, database),
      inject: [Configuration, Journal, DataSource],
    },
    { provide: RecordingReader, useExisting: StoredRecordings },
  ],
  exports: [Journal, Recorder, RecordingReader, ReplicaRegistry],
})
export class RecordingModule {}

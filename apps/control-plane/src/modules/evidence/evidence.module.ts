import { Module } from '@nestjs/common';
import { CheckpointSigner } from './checkpoint-signer.js';
import { EntrySealer } from './entry-sealer.js';
import { EvidenceWriter } from './evidence-writer.js';
import { FreshEntries } from './fresh-entries.js';
import { KeyDestructions } from './key-destructions.js';
import { Leader } from './leader.js';
import { LeaderWork } from './leader-work.js';
import { LogHealth } from './log-health.js';
import { LogIdentity } from './log-identity.js';
import { LogReader } from './log-reader.js';
import { Refusals } from './refusals.js';
import { SessionKeys } from './session-keys.js';
import { Witnessing } from './witnessing.js';

/** The log itself: writing, sequencing, signing, witnesses. What people ask of it is in EvidenceAccessModule. */
@Module({
  providers: [
    SessionKeys,
    LogIdentity,
    FreshEntries,
    EntrySealer,
    EvidenceWriter,
    KeyDestructions,
    CheckpointSigner,
    LeaderWork,
    Leader,
    LogHealth,
    LogReader,
    Refusals,
    Witnessing,
  ],
  exports: [
    SessionKeys,
    LogIdentity,
    EntrySealer,
    EvidenceWriter,
    KeyDestructions,
    LeaderWork,
    Leader,
    LogHealth,
    LogReader,
    Refusals,
    Witnessing,
  ],
})
export class EvidenceModule {}

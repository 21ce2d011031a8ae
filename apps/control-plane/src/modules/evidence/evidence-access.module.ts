import { Module } from '@nestjs/common';
import { RecordingModule } from '../recording/recording.module.js';
import { Checkpoints } from './checkpoints.js';
import { Erasure } from './erasure.js';
import { EvidenceController } from './evidence.controller.js';
import { EvidenceModule } from './evidence.module.js';
import { EvidenceExport } from './evidence-export.js';
import { KeyRotation } from './key-rotation.js';
import { VerificationKeysReader } from './verification-keys.js';

/** What auditors and administrators ask of the log: checkpoints, keys, bundles, erasure. */
@Module({
  imports: [EvidenceModule, RecordingModule],
  controllers: [EvidenceController],
  providers: [Checkpoints, Erasure, EvidenceExport, KeyRotation, VerificationKeysReader],
  exports: [Checkpoints],
})
export class EvidenceAccessModule {}

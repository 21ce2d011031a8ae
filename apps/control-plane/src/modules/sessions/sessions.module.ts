import { Module, type OnModuleInit } from '@nestjs/common';
import { EvidenceModule } from '../evidence/evidence.module.js';
import { LeaderWork } from '../evidence/leader-work.js';
import { RecordingModule } from '../recording/recording.module.js';
import { SessionsProjection } from './projection.js';
import { ProjectionRebuild } from './projection-rebuild.js';
import { Replays } from './replay.js';
import { SessionsController } from './sessions.controller.js';
import { SessionsService } from './sessions.service.js';

@Module({
  imports: [EvidenceModule, RecordingModule],
  controllers: [SessionsController],
  providers: [SessionsProjection, ProjectionRebuild, SessionsService, Replays],
  exports: [SessionsService],
})
export class SessionsModule implements OnModuleInit {
  constructor(
    private readonly work: LeaderWork,
    private readonly projection: SessionsProjection,
  ) {}

  onModuleInit(): void {
    this.work.projectWith(this.projection.project);
  }
}

import { Module } from '@nestjs/common';
import { AiSessionsModule } from '../ai-sessions/ai-sessions.module.js';
import { EvidenceModule } from '../evidence/evidence.module.js';
import { EndedAiSessions } from './ended-ai-sessions.js';
import { KillSwitchController } from './kill-switch.controller.js';
import { KillSwitch } from './kill-switch.service.js';

@Module({
  imports: [AiSessionsModule, EvidenceModule],
  controllers: [KillSwitchController],
  providers: [EndedAiSessions, KillSwitch],
  exports: [EndedAiSessions],
})
export class KillSwitchModule {}

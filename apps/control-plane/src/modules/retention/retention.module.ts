import { Module } from '@nestjs/common';
import { AiSessionsModule } from '../ai-sessions/ai-sessions.module.js';
import { EvidenceModule } from '../evidence/evidence.module.js';
import { TicketsModule } from '../tickets/tickets.module.js';
import { PromptRetention } from './prompt-retention.js';

/** What is not kept for ever. */
@Module({
  imports: [AiSessionsModule, EvidenceModule, TicketsModule],
  providers: [PromptRetention],
})
export class RetentionModule {}

import { Module } from '@nestjs/common';
import { AiSessionsModule } from '../ai-sessions/ai-sessions.module.js';
import { EvidenceModule } from '../evidence/evidence.module.js';
import { PeopleModule } from '../people/people.module.js';
import { TurnsModule } from '../turns/turns.module.js';
import { ReviewExpiry } from './review-expiry.js';
import { ReviewPrompts } from './review-prompts.js';
import { ReviewRecords } from './review-records.js';
import { ReviewWatch } from './review-watch.js';
import { ReviewsController } from './reviews.controller.js';
import { ReviewsService } from './reviews.service.js';
import { ShownTexts } from './shown-texts.js';
import { VerdictsService } from './verdicts.service.js';

@Module({
  imports: [AiSessionsModule, EvidenceModule, PeopleModule, TurnsModule],
  controllers: [ReviewsController],
  providers: [ReviewExpiry, ReviewPrompts, ReviewRecords, ReviewWatch, ReviewsService, ShownTexts, VerdictsService],
  exports: [ReviewsService],
})
export class ReviewsModule {}

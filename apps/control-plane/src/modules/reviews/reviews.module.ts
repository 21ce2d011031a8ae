import { Module } from '@nestjs/common';
import { EvidenceModule } from '../evidence/evidence.module.js';
import { PeopleModule } from '../people/people.module.js';
import { TurnsModule } from '../turns/turns.module.js';
import { ReviewExpiry } from './review-expiry.js';
import { ReviewRecords } from './review-records.js';
import { ReviewWatch } from './review-watch.js';
import { ReviewsController } from './reviews.controller.js';
import { ReviewsService } from './reviews.service.js';
import { ShownTexts } from './shown-texts.js';
import { VerdictsService } from './verdicts.service.js';

@Module({
  imports: [EvidenceModule, PeopleModule, TurnsModule],
  controllers: [ReviewsController],
  providers: [ReviewExpiry, ReviewRecords, ReviewWatch, ReviewsService, ShownTexts, VerdictsService],
  exports: [ReviewsService],
})
export class ReviewsModule {}

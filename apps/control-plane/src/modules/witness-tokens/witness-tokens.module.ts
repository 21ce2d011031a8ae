import { Module } from '@nestjs/common';
import { EvidenceModule } from '../evidence/evidence.module.js';
import { GrantsModule } from '../grants/grants.module.js';
import { WitnessTokensController } from './witness-tokens.controller.js';
import { WitnessTokens } from './witness-tokens.service.js';

@Module({
  imports: [EvidenceModule, GrantsModule],
  controllers: [WitnessTokensController],
  providers: [WitnessTokens],
  exports: [WitnessTokens],
})
export class WitnessTokensModule {}

import { Module } from '@nestjs/common';
import { ConnectionsModule } from '../connections/connections.module.js';
import { EvidenceModule } from '../evidence/evidence.module.js';
import { MaskingPlans } from './masking-plans.js';
import { MaskingRulesController } from './masking-rules.controller.js';
import { MaskingRulesService } from './masking-rules.service.js';

@Module({
  imports: [ConnectionsModule, EvidenceModule],
  controllers: [MaskingRulesController],
  providers: [MaskingRulesService, MaskingPlans],
  exports: [MaskingRulesService],
})
export class MaskingRulesModule {}

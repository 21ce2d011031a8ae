import { Module } from '@nestjs/common';
import { ConnectionsModule } from '../connections/connections.module.js';
import { EvidenceModule } from '../evidence/evidence.module.js';
import { ModelPricesModule } from '../model-prices/model-prices.module.js';
import { PeopleModule } from '../people/people.module.js';
import { BudgetUsage } from './budget-usage.js';
import { BudgetsController } from './budgets.controller.js';
import { BudgetsService } from './budgets.service.js';
import { BudgetsInForce } from './budgets-in-force.js';
import { Reservations } from './reservations.js';
import { TrafficMetrics } from './traffic-metrics.js';
import { UseExpiry } from './use-expiry.js';

@Module({
  imports: [ConnectionsModule, EvidenceModule, ModelPricesModule, PeopleModule],
  controllers: [BudgetsController],
  providers: [BudgetsInForce, BudgetsService, BudgetUsage, Reservations, TrafficMetrics, UseExpiry],
  exports: [Reservations],
})
export class BudgetsModule {}

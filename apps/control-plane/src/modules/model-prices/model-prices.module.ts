import { Module } from '@nestjs/common';
import { EvidenceModule } from '../evidence/evidence.module.js';
import { ModelPricesController } from './model-prices.controller.js';
import { ModelPricesService } from './model-prices.service.js';
import { PricesInForce } from './prices-in-force.js';

@Module({
  imports: [EvidenceModule],
  controllers: [ModelPricesController],
  providers: [ModelPricesService, PricesInForce],
  exports: [ModelPricesService],
})
export class ModelPricesModule {}

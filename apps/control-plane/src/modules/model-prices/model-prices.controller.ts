import { Body, Controller, Get, Put } from '@nestjs/common';
import type { Identity } from '@sallyport/core';
import { Caller, Requires } from '../../platform/index.js';
import { ReplacePricesBody } from './model-prices.dto.js';
import { ModelPricesService, type PricesView } from './model-prices.service.js';

@Controller('v1/model-prices')
export class ModelPricesController {
  constructor(private readonly prices: ModelPricesService) {}

  @Get()
  @Requires('model-price.read')
  list(): Promise<PricesView> {
    return this.prices.list();
  }

  @Put()
  @Requires('model-price.write')
  replace(@Caller() by: Identity, @Body() body: ReplacePricesBody): Promise<PricesView> {
    return this.prices.replace(by, body);
  }
}

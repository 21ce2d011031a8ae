import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import type { Identity } from '@sallyport/core';
import { Caller, Idempotent, type Page, PageQuery, Requires } from '../../platform/index.js';
import type { BudgetView } from './budget-row.js';
import { BudgetUsage, type UsageView } from './budget-usage.js';
import { CreateBudgetBody, UpdateBudgetBody } from './budgets.dto.js';
import { BudgetsService } from './budgets.service.js';

@Controller('v1/budgets')
export class BudgetsController {
  constructor(
    private readonly budgets: BudgetsService,
    private readonly uses: BudgetUsage,
  ) {}

  @Get()
  @Requires('budget.read')
  list(@Caller() by: Identity, @Query() query: PageQuery): Promise<Page<BudgetView>> {
    return this.budgets.list(by, query);
  }

  @Post()
  @Requires('budget.write')
  @Idempotent()
  create(@Caller() by: Identity, @Body() body: CreateBudgetBody): Promise<BudgetView> {
    return this.budgets.create(by, body);
  }

  @Get(':id')
  @Requires('budget.read')
  show(@Caller() by: Identity, @Param('id') id: string): Promise<BudgetView> {
    return this.budgets.show(by, id);
  }

  @Patch(':id')
  @Requires('budget.write')
  update(@Caller() by: Identity, @Param('id') id: string, @Body() body: UpdateBudgetBody): Promise<BudgetView> {
    return this.budgets.update(by, id, body);
  }

  @Delete(':id')
  @Requires('budget.write')
  @HttpCode(204)
  remove(@Caller() by: Identity, @Param('id') id: string): Promise<void> {
    return this.budgets.remove(by, id);
  }

  @Get(':id/usage')
  @Requires('budget.read')
  usage(@Caller() by: Identity, @Param('id') id: string, @Query() query: PageQuery): Promise<Page<UsageView>> {
    return this.uses.of(by, id, query);
  }
}

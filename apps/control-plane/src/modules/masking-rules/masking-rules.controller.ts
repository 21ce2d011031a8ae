import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import type { Identity } from '@sallyport/core';
import { Caller, Idempotent, type Page, PageQuery, Requires } from '../../platform/index.js';
import { CreateMaskingRuleBody, UpdateMaskingRuleBody } from './masking-rules.dto.js';
import { MaskingRulesService } from './masking-rules.service.js';
import type { RuleView } from './rule-row.js';

@Controller('v1/masking-rules')
export class MaskingRulesController {
  constructor(private readonly rules: MaskingRulesService) {}

  @Get()
  @Requires('masking-rule.read')
  list(@Query() query: PageQuery): Promise<Page<RuleView>> {
    return this.rules.list(query);
  }

  @Post()
  @Requires('masking-rule.write')
  @Idempotent()
  create(@Caller() by: Identity, @Body() body: CreateMaskingRuleBody): Promise<RuleView> {
    return this.rules.create(by, body);
  }

  @Patch(':id')
  @Requires('masking-rule.write')
  update(@Caller() by: Identity, @Param('id') id: string, @Body() body: UpdateMaskingRuleBody): Promise<RuleView> {
    return this.rules.update(by, id, body);
  }

  @Delete(':id')
  @Requires('masking-rule.write')
  @HttpCode(204)
  remove(@Caller() by: Identity, @Param('id') id: string): Promise<void> {
    return this.rules.remove(by, id);
  }
}

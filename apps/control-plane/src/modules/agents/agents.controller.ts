import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import type { AgentId, Identity } from '@sallyport/core';
import { Caller, Id, Idempotent, type Page, PageQuery, Requires } from '../../platform/index.js';
import type { AgentView } from './agent.js';
import { CreateEnrolmentKeyBody } from './agents.dto.js';
import { AgentsService } from './agents.service.js';
import { EnrolmentKeys, type IssuedKey } from './enrolment-keys.js';

@Controller('v1/agents')
export class AgentsController {
  constructor(
    private readonly agents: AgentsService,
    private readonly keys: EnrolmentKeys,
  ) {}

  @Get()
  @Requires('agent.read')
  list(@Query() query: PageQuery): Promise<Page<AgentView>> {
    return this.agents.list(query);
  }

  @Post('enrolment-keys')
  @Requires('agent.enrol')
  @Idempotent()
  issueKey(@Caller() by: Identity, @Body() body: CreateEnrolmentKeyBody): Promise<IssuedKey> {
    return this.keys.issue(by, body);
  }

  @Delete(':id')
  @Requires('agent.revoke')
  @HttpCode(204)
  revoke(@Caller() by: Identity, @Param('id', Id) id: AgentId): Promise<void> {
    return this.agents.revoke(by, id);
  }
}

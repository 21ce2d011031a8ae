import { Controller, Get, Param, Query } from '@nestjs/common';
import type { Identity } from '@sallyport/core';
import { Caller, Id, type Page, PageQuery, Requires } from '../../platform/index.js';
import { AiSessionReader } from './ai-session-reader.js';
import type { AiSessionDetail, AiSessionView } from './ai-session-view.js';

@Controller('v1/ai-sessions')
export class AiSessionsController {
  constructor(private readonly reader: AiSessionReader) {}

  @Get()
  @Requires('ai-session.read')
  list(@Caller() caller: Identity, @Query() query: PageQuery): Promise<Page<AiSessionView>> {
    return this.reader.list(caller, query);
  }

  @Get(':id')
  @Requires('ai-session.read')
  get(@Caller() caller: Identity, @Param('id', Id) id: string): Promise<AiSessionDetail> {
    return this.reader.get(caller, id);
  }
}

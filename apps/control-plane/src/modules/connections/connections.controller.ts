import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import type { Identity } from '@sallyport/core';
import { Caller, Idempotent, type Page, PageQuery, Requires } from '../../platform/index.js';
import type { ConnectionView } from './connection.js';
import { CreateConnectionBody, HardenBody, UpdateConnectionBody } from './connections.dto.js';
import { ConnectionsService } from './connections.service.js';
import { Hardening, type HardeningView } from './hardening.js';

@Controller('v1/connections')
export class ConnectionsController {
  constructor(
    private readonly connections: ConnectionsService,
    private readonly hardening: Hardening,
  ) {}

  @Get()
  @Requires('connection.read')
  list(@Caller() caller: Identity, @Query() query: PageQuery): Promise<Page<ConnectionView>> {
    return this.connections.list(caller, query);
  }

  @Get(':name')
  @Requires('connection.read')
  get(@Caller() caller: Identity, @Param('name') name: string): Promise<ConnectionView> {
    return this.connections.get(caller, name);
  }

  @Post()
  @Requires('connection.write')
  @Idempotent()
  create(@Caller() by: Identity, @Body() body: CreateConnectionBody): Promise<ConnectionView> {
    return this.connections.create(by, body);
  }

  @Patch(':name')
  @Requires('connection.write')
  update(
    @Caller() by: Identity,
    @Param('name') name: string,
    @Body() body: UpdateConnectionBody,
  ): Promise<ConnectionView> {
    return this.connections.update(by, name, body);
  }

  @Post(':name/hardening')
  @Requires('connection.write')
  @HttpCode(200)
  harden(@Caller() by: Identity, @Param('name') name: string, @Body() body: HardenBody): Promise<HardeningView> {
    return this.hardening.of(by, name, body);
  }

  @Delete(':name')
  @Requires('connection.write')
  @HttpCode(204)
  remove(@Caller() by: Identity, @Param('name') name: string): Promise<void> {
    return this.connections.remove(by, name);
  }
}

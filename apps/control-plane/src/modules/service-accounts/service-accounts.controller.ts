import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import type { Identity, PersonId } from '@sallyport/core';
import { Caller, Id, Idempotent, type Page, PageQuery, Requires } from '../../platform/index.js';
import type { ServiceAccountView } from './service-account.js';
import { CreateServiceAccountBody, UpdateServiceAccountBody } from './service-accounts.dto.js';
import { ServiceAccountsService } from './service-accounts.service.js';

@Controller('v1/service-accounts')
export class ServiceAccountsController {
  constructor(private readonly accounts: ServiceAccountsService) {}

  @Get()
  @Requires('service-account.read')
  list(@Query() query: PageQuery): Promise<Page<ServiceAccountView>> {
    return this.accounts.list(query);
  }

  @Post()
  @Requires('service-account.write')
  @Idempotent()
  create(@Caller() by: Identity, @Body() body: CreateServiceAccountBody): Promise<ServiceAccountView> {
    return this.accounts.create(by, body);
  }

  @Patch(':id')
  @Requires('service-account.write')
  update(
    @Caller() by: Identity,
    @Param('id', Id) id: PersonId,
    @Body() body: UpdateServiceAccountBody,
  ): Promise<ServiceAccountView> {
    return this.accounts.update(by, id, body);
  }

  @Delete(':id')
  @Requires('service-account.write')
  @HttpCode(204)
  remove(@Caller() by: Identity, @Param('id', Id) id: PersonId): Promise<void> {
    return this.accounts.remove(by, id);
  }

  @Post(':id/secret')
  @Requires('service-account.write')
  @Idempotent()
  rotate(
    @Caller() by: Identity,
    @Param('id', Id) id: PersonId,
  ): Promise<{ readonly id: string; readonly secret: string }> {
    return this.accounts.rotate(by, id);
  }
}

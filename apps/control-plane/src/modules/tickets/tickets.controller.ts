import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import type { Identity, TicketId } from '@sallyport/core';
import {
  type Authentication,
  Caller,
  CallerLogin,
  Id,
  Idempotent,
  type Page,
  PageQuery,
  RateLimited,
  Requires,
} from '../../platform/index.js';
import type { TicketView } from './ticket.js';
import { type IssuedTicket, TicketIssuer } from './ticket-issuer.js';
import { IssueTicketBody } from './tickets.dto.js';
import { TicketsService } from './tickets.service.js';

@Controller('v1/tickets')
export class TicketsController {
  constructor(
    private readonly tickets: TicketsService,
    private readonly issuer: TicketIssuer,
  ) {}

  @Post()
  @Requires('ticket.issue')
  @RateLimited('ticket')
  @Idempotent()
  issue(@CallerLogin() login: Authentication, @Body() body: IssueTicketBody): Promise<IssuedTicket> {
    return this.issuer.issue(login, body);
  }

  @Get()
  @Requires('ticket.read')
  list(@Caller() caller: Identity, @Query() query: PageQuery): Promise<Page<TicketView>> {
    return this.tickets.list(caller, query);
  }

  @Delete(':id')
  @Requires('ticket.revoke')
  @HttpCode(204)
  revoke(@Caller() by: Identity, @Param('id', Id) id: TicketId): Promise<void> {
    return this.tickets.revoke(by, id);
  }
}

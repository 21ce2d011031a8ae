import { Body, Controller, Post } from '@nestjs/common';
import { type Authentication, CallerLogin, RateLimited, Requires } from '../../platform/index.js';
import { ExecTicketsBody } from './exec-tickets.dto.js';
import { ExecTicketIssuer, type ExecTickets } from './exec-tickets.js';

@Controller('v1/exec-tickets')
export class ExecTicketsController {
  constructor(private readonly issuer: ExecTicketIssuer) {}

  @Post()
  @Requires('ticket.issue')
  @RateLimited('exec')
  issue(@CallerLogin() login: Authentication, @Body() body: ExecTicketsBody): Promise<ExecTickets> {
    return this.issuer.issue(login, body);
  }
}

import { Module } from '@nestjs/common';
import { ConnectionsModule } from '../connections/connections.module.js';
import { EvidenceModule } from '../evidence/evidence.module.js';
import { GrantsModule } from '../grants/grants.module.js';
import { TicketIssuer } from './ticket-issuer.js';
import { TicketsController } from './tickets.controller.js';
import { TicketsService } from './tickets.service.js';

@Module({
  imports: [ConnectionsModule, EvidenceModule, GrantsModule],
  controllers: [TicketsController],
  providers: [TicketIssuer, TicketsService],
  exports: [TicketsService],
})
export class TicketsModule {}

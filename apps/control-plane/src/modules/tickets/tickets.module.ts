import { Module } from '@nestjs/common';
import { AiSessionsModule } from '../ai-sessions/ai-sessions.module.js';
import { ConnectionsModule } from '../connections/connections.module.js';
import { EvidenceModule } from '../evidence/evidence.module.js';
import { GrantsModule } from '../grants/grants.module.js';
import { Attributions } from './attributions.service.js';
import { CallMatching } from './call-matching.js';
import { ExecTicketsController } from './exec-tickets.controller.js';
import { ExecTicketIssuer } from './exec-tickets.js';
import { TicketIssuer } from './ticket-issuer.js';
import { TicketMarks } from './ticket-marks.js';
import { TicketWriter } from './ticket-writer.js';
import { TicketsController } from './tickets.controller.js';
import { TicketsService } from './tickets.service.js';

@Module({
  imports: [AiSessionsModule, ConnectionsModule, EvidenceModule, GrantsModule],
  controllers: [ExecTicketsController, TicketsController],
  providers: [Attributions, CallMatching, ExecTicketIssuer, TicketIssuer, TicketMarks, TicketWriter, TicketsService],
  exports: [TicketMarks, TicketsService],
})
export class TicketsModule {}

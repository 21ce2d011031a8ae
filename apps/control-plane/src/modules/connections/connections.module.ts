import { Module } from '@nestjs/common';
import { SelfChecksModule } from '../agents/self-checks.module.js';
import { EvidenceModule } from '../evidence/evidence.module.js';
import { ConnectionProtection } from './connection-protection.js';
import { ConnectionVisibility } from './connection-visibility.js';
import { ConnectionsController } from './connections.controller.js';
import { ConnectionsService } from './connections.service.js';
import { Hardening } from './hardening.js';

@Module({
  imports: [EvidenceModule, SelfChecksModule],
  controllers: [ConnectionsController],
  providers: [ConnectionsService, ConnectionVisibility, ConnectionProtection, Hardening],
  exports: [ConnectionsService, ConnectionVisibility, ConnectionProtection],
})
export class ConnectionsModule {}

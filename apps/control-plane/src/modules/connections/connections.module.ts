import { Module } from '@nestjs/common';
import { EvidenceModule } from '../evidence/evidence.module.js';
import { ConnectionVisibility } from './connection-visibility.js';
import { ConnectionsController } from './connections.controller.js';
import { ConnectionsService } from './connections.service.js';

@Module({
  imports: [EvidenceModule],
  controllers: [ConnectionsController],
  providers: [ConnectionsService, ConnectionVisibility],
  exports: [ConnectionsService, ConnectionVisibility],
})
export class ConnectionsModule {}

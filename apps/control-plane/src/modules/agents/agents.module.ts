import { Module } from '@nestjs/common';
import { EvidenceModule } from '../evidence/evidence.module.js';
import { AgentsController } from './agents.controller.js';
import { AgentsService } from './agents.service.js';
import { CertificateAuthority } from './certificate-authority.js';
import { EnrolmentKeys } from './enrolment-keys.js';
import { SelfChecksModule } from './self-checks.module.js';
import { TunnelHost } from './tunnel-host.js';

@Module({
  imports: [EvidenceModule, SelfChecksModule],
  controllers: [AgentsController],
  providers: [AgentsService, CertificateAuthority, EnrolmentKeys, TunnelHost],
  exports: [CertificateAuthority, TunnelHost],
})
export class AgentsModule {}

import { Module } from '@nestjs/common';
import { Configuration } from '../../platform/index.js';
import { ConnectionsModule } from '../connections/connections.module.js';
import { EvidenceModule } from '../evidence/evidence.module.js';
import { PeopleModule } from '../people/people.module.js';
import { InitialPacks, InitialPolicies } from './initial-policies.js';
import { KnownCatalogues } from './known-catalogues.js';
import { PoliciesController } from './policies.controller.js';
import { PoliciesService } from './policies.service.js';
import { PolicyRuntime } from './policy-runtime.js';
import { PolicyTrial } from './policy-trial.js';
import { PolicyVersions } from './policy-versions.js';
import { VisibilityByPolicy } from './visibility-by-policy.js';

@Module({
  imports: [EvidenceModule, ConnectionsModule, PeopleModule],
  controllers: [PoliciesController],
  providers: [
    {
      provide: InitialPacks,
      useFactory: ({ initialPolicyPacks }: Configuration) => new InitialPacks(initialPolicyPacks),
      inject: [Configuration],
    },
    InitialPolicies,
    KnownCatalogues,
    PoliciesService,
    PolicyRuntime,
    PolicyTrial,
    PolicyVersions,
    VisibilityByPolicy,
  ],
  exports: [KnownCatalogues, PolicyRuntime],
})
export class PoliciesModule {}

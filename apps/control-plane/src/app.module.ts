import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { GatewayModule } from './gateway/gateway.module.js';
import { AgentsModule } from './modules/agents/agents.module.js';
import { AiSessionsModule } from './modules/ai-sessions/ai-sessions.module.js';
import { BudgetsModule } from './modules/budgets/budgets.module.js';
import { ConnectionsModule } from './modules/connections/connections.module.js';
import { EvidenceModule } from './modules/evidence/evidence.module.js';
import { EvidenceAccessModule } from './modules/evidence/evidence-access.module.js';
import { GrantsModule } from './modules/grants/grants.module.js';
import { HealthModule } from './modules/health/health.module.js';
import { IdentityModule } from './modules/identity/identity.module.js';
import { KillSwitchModule } from './modules/kill-switch/kill-switch.module.js';
import { MaskingRulesModule } from './modules/masking-rules/masking-rules.module.js';
import { ModelPricesModule } from './modules/model-prices/model-prices.module.js';
import { PeopleModule } from './modules/people/people.module.js';
import { PoliciesModule } from './modules/policies/policies.module.js';
import { RecordingModule } from './modules/recording/recording.module.js';
import { RetentionModule } from './modules/retention/retention.module.js';
import { ReviewsModule } from './modules/reviews/reviews.module.js';
import { ServiceAccountsModule } from './modules/service-accounts/service-accounts.module.js';
import { SessionsModule } from './modules/sessions/sessions.module.js';
import { TelemetryModule } from './modules/telemetry/telemetry.module.js';
import { TicketsModule } from './modules/tickets/tickets.module.js';
import { TracesModule } from './modules/traces/traces.module.js';
import { WitnessTokensModule } from './modules/witness-tokens/witness-tokens.module.js';
import type { Configuration } from './platform/config.js';
import type { DatabaseServer } from './platform/database/tokens.js';
import type { Log } from './platform/logging/log.js';
import { platform } from './platform/platform.module.js';

export type Feature = Type<unknown> | DynamicModule;

/** One folder per noun under `modules/`, and the gateway that clients and agents connect to. */
export const features: readonly Feature[] = [
  AgentsModule,
  AiSessionsModule,
  BudgetsModule,
  ConnectionsModule,
  EvidenceModule,
  EvidenceAccessModule,
  GatewayModule,
  GrantsModule,
  HealthModule,
  IdentityModule,
  KillSwitchModule,
  MaskingRulesModule,
  ModelPricesModule,
  PeopleModule,
  PoliciesModule,
  RecordingModule,
  RetentionModule,
  ReviewsModule,
  ServiceAccountsModule,
  SessionsModule,
  TelemetryModule,
  TicketsModule,
  WitnessTokensModule,
  TracesModule,
];

@Module({})
export class AppModule {}

export interface Ground {
  readonly configuration: Configuration;
  readonly log: Log;
  /** Up and migrated. */
  readonly server: DatabaseServer;
}

export const application = (
  { configuration, log, server }: Ground,
  chosen: readonly Feature[] = features,
): DynamicModule => ({ module: AppModule, imports: [platform(configuration, log, server), ...chosen] });

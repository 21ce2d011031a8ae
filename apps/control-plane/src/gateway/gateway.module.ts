import { Module } from '@nestjs/common';
import { AgentsModule } from '../modules/agents/agents.module.js';
import { TunnelHost } from '../modules/agents/tunnel-host.js';
import { AiSessionsModule } from '../modules/ai-sessions/ai-sessions.module.js';
import { BudgetsModule } from '../modules/budgets/budgets.module.js';
import { ConnectionsModule } from '../modules/connections/connections.module.js';
import { EvidenceModule } from '../modules/evidence/evidence.module.js';
import { GrantsModule } from '../modules/grants/grants.module.js';
import { KillSwitchModule } from '../modules/kill-switch/kill-switch.module.js';
import { MaskingRulesModule } from '../modules/masking-rules/masking-rules.module.js';
import { KnownCatalogues } from '../modules/policies/known-catalogues.js';
import { PoliciesModule } from '../modules/policies/policies.module.js';
import { RecordingModule } from '../modules/recording/recording.module.js';
import { ReviewsModule } from '../modules/reviews/reviews.module.js';
import { SessionsModule } from '../modules/sessions/sessions.module.js';
import { TicketsModule } from '../modules/tickets/tickets.module.js';
import { TurnsModule } from '../modules/turns/turns.module.js';
import { Admission } from './admission.js';
import { CancelKeys } from './cancellations.js';
import { ListenerCertificate } from './listener-certificate.js';
import { Listeners } from './listeners.js';
import { LiveSessions } from './live-sessions.js';
import { SessionSlots } from './session-slots.js';
import { SingleUses } from './single-uses.js';

/** Gate one: the listeners that clients connect to, and the sessions behind them. */
@Module({
  imports: [
    AgentsModule,
    AiSessionsModule,
    BudgetsModule,
    ConnectionsModule,
    EvidenceModule,
    GrantsModule,
    KillSwitchModule,
    MaskingRulesModule,
    PoliciesModule,
    RecordingModule,
    ReviewsModule,
    SessionsModule,
    TicketsModule,
    TurnsModule,
  ],
  providers: [Admission, CancelKeys, ListenerCertificate, Listeners, LiveSessions, SessionSlots, SingleUses],
})
export class GatewayModule {
  constructor(known: KnownCatalogues, tunnel: TunnelHost) {
    known.readFrom((connection, database) => tunnel.catalogue(connection.target, database));
  }
}

import type { Assurance, Decision, Identity, SessionId } from '@sallyport/core';
import type { ModelEstimate, ModelReservation, ModelWitness } from '@sallyport/engine';
import type { TunnelHost } from '../modules/agents/tunnel-host.js';
import type { RefusedCalls } from '../modules/ai-sessions/refused-calls.service.js';
import type { ConnectionProtection } from '../modules/connections/connection-protection.js';
import type { EndedAiSessions } from '../modules/kill-switch/ended-ai-sessions.js';
import type { MaskingRulesService } from '../modules/masking-rules/masking-rules.service.js';
import type { PolicyRuntime } from '../modules/policies/policy-runtime.js';
import type { ReviewsService } from '../modules/reviews/reviews.service.js';
import type { TurnStates } from '../modules/turns/turn-states.js';

/** Whose model traffic it is. */
export interface TrafficSource {
  readonly session: SessionId;
  readonly identity: Identity;
  readonly connection: string;
  readonly assurance: Assurance;
}

/** What every session leans on. */
export interface House {
  readonly policies: Pick<PolicyRuntime, 'admit' | 'decide' | 'confirmed' | 'names'>;
  readonly masking: Pick<MaskingRulesService, 'planFor' | 'confirmed'>;
  readonly reviews: Pick<ReviewsService, 'settle'>;
  readonly protection: Pick<ConnectionProtection, 'assertProtected'>;
  readonly turns: Pick<TurnStates, 'soFar' | 'load' | 'counted' | 'refused'>;
  readonly endedAiSessions: Pick<EndedAiSessions, 'has' | 'read'>;
  readonly tunnel: Pick<TunnelHost, 'open' | 'catalogue'>;
  readonly witnesses: { witness(source: TrafficSource, seen: ModelWitness): Promise<void> };
  readonly refusedCalls: Pick<RefusedCalls, 'remember'>;
  readonly budgets: { reserve(source: TrafficSource, estimate: ModelEstimate): Promise<ModelReservation> };
  /** Counts decisions. */
  readonly decided: (outcome: Decision['outcome']) => void;
}

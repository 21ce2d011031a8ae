import type { Decision } from '@sallyport/core';
import type { TunnelHost } from '../modules/agents/tunnel-host.js';
import type { ConnectionProtection } from '../modules/connections/connection-protection.js';
import type { MaskingRulesService } from '../modules/masking-rules/masking-rules.service.js';
import type { PolicyRuntime } from '../modules/policies/policy-runtime.js';
import type { ReviewsService } from '../modules/reviews/reviews.service.js';

/** What every session leans on. */
export interface House {
  readonly policies: Pick<PolicyRuntime, 'admit' | 'decide' | 'confirmed'>;
  readonly masking: Pick<MaskingRulesService, 'planFor' | 'confirmed'>;
  readonly reviews: Pick<ReviewsService, 'settle'>;
  readonly protection: Pick<ConnectionProtection, 'assertProtected'>;
  readonly tunnel: Pick<TunnelHost, 'open' | 'catalogue'>;
  /** Counts decisions. */
  readonly decided: (outcome: Decision['outcome']) => void;
}

import type { Digest } from './ids.js';

/** redact: a fixed text · partial: keeps a few characters · hash: keyed HMAC · null: SQL NULL or JSON null. */
export const maskingActions = ['redact', 'partial', 'hash', 'null'] as const;
export type MaskingAction = (typeof maskingActions)[number];

/**
 * One masking rule. `column` patterns are `schema.table.column`, each part a name or `*`; `detector` names a built-in
 * detector (`email`, `payment-card`, …) or a class of them (`secrets`, `personal-data`, `*`); `field` patterns are
 * `service:operation:path` (`dynamodb:*:Items[].email`) and are about answers that are documents, not rows.
 */
export type MaskingRule =
  | { readonly id: string; readonly kind: 'column'; readonly column: string; readonly action: MaskingAction }
  | { readonly id: string; readonly kind: 'detector'; readonly detector: string; readonly action: MaskingAction }
  | { readonly id: string; readonly kind: 'field'; readonly field: string; readonly action: MaskingAction };

/** What the agent must hide in one session; the control plane can only add to the agent's own minimum. */
export interface MaskingPlan {
  readonly rules: readonly MaskingRule[];
  /** Over the rules in canonical JSON. */
  readonly digest: Digest;
}

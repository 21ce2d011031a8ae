import type { PersonId } from './ids.js';

export const identityClasses = ['person', 'machine', 'ai'] as const;
/** `ai`: a service account that an AI client runs under. It can never settle a review. */
export type IdentityClass = (typeof identityClasses)[number];

/** Who asks, as the issuer and the control plane's own records say; never as the client says. */
export interface Identity {
  readonly id: PersonId;
  readonly class: IdentityClass;
  /** The issuer and its subject; for a service account `sallyport` and its name. */
  readonly issuer: string;
  readonly subject: string;
  /** What people read: e-mail address or the account's name. */
  readonly name: string;
  readonly groups: readonly string[];
  readonly roles: readonly Role[];
}

export const roles = ['admin', 'reviewer', 'auditor', 'user'] as const;
export type Role = (typeof roles)[number];

/** How sure it is that this prompt of this person made the operation (DESIGN section 9), weakest first. */
export const assurances = ['identity', 'inferred', 'ticketed', 'bound'] as const;
export type Assurance = (typeof assurances)[number];

/** The AI's own context that a ticket carries: claims of the client, kept as such. */
export interface TurnContext {
  /** Which AI client it is, `claude-code` or `codex` or a name that the client gives; its ids mean something within it only. */
  readonly client?: string;
  readonly aiSession?: string;
  /** The sub-agent's path from the main conversation, ids joined by `/`; absent for the main conversation itself. */
  readonly agent?: string;
  readonly turn?: string;
  readonly toolCall?: string;
}

import type {
  AiSessionEnded,
  AiSessionReconfigured,
  AiTurnPrompted,
  ToolCallAsked,
  ToolCallFinished,
  ToolCallProposed,
  WitnessTokenIssued,
} from './ai-event-bodies.js';
import type {
  AgentEnrolled,
  AgentRenewed,
  AgentSeen,
  Changed,
  EvidenceExported,
  GrantsEnded,
  KeyDestroyed,
  KeyRotated,
  LogCreated,
  LoginSeen,
  LogRestored,
  OperationAbandoned,
  OperationCompleted,
  OperationDecided,
  OperationDenied,
  OperationReviewing,
  PolicyActivated,
  PromptsErased,
  ReviewConsumed,
  ReviewExpired,
  ReviewRefused,
  ReviewRequested,
  ReviewSettled,
  ReviewVoted,
  SessionEnded,
  SessionRefused,
  SessionStarted,
  TicketIssued,
  TicketRevoked,
} from './event-bodies.js';

/**
 * Every event that can be on record, `<noun>.<past participle>`, with the body that it carries.
 * INVARIANT: append only. A name, once written, keeps its meaning and its members; new members are optional.
 */
export interface EventBodies {
  'log.created': LogCreated;
  'log.restored': LogRestored;
  'key.rotated': KeyRotated;
  'key.destroyed': KeyDestroyed;
  'evidence.exported': EvidenceExported;
  'session.started': SessionStarted;
  'session.ended': SessionEnded;
  'session.refused': SessionRefused;
  'operation.allowed': OperationDecided;
  'operation.denied': OperationDenied;
  'operation.reviewing': OperationReviewing;
  'operation.abandoned': OperationAbandoned;
  'operation.completed': OperationCompleted;
  'review.requested': ReviewRequested;
  'review.voted': ReviewVoted;
  'review.approved': ReviewSettled;
  'review.rejected': ReviewSettled;
  'review.expired': ReviewExpired;
  'review.consumed': ReviewConsumed;
  'policy.activated': PolicyActivated;
  'connection.created': Changed;
  'connection.updated': Changed;
  'connection.deleted': Changed;
  'masking-rule.created': Changed;
  'masking-rule.updated': Changed;
  'masking-rule.deleted': Changed;
  'enrolment-key.issued': Changed;
  'agent.enrolled': AgentEnrolled;
  'agent.renewed': AgentRenewed;
  'agent.revoked': Changed;
  'agent.connected': AgentSeen;
  'agent.disconnected': AgentSeen;
  'ticket.issued': TicketIssued;
  'ticket.revoked': TicketRevoked;
  'login.accepted': LoginSeen;
  'login.refused': LoginSeen;
  'grants.ended': GrantsEnded;
  'person.created': Changed;
  'person.updated': Changed;
  'service-account.created': Changed;
  'service-account.updated': Changed;
  'service-account.deleted': Changed;
  'service-account.rotated': Changed;
  'review.refused': ReviewRefused;
  'witness-token.issued': WitnessTokenIssued;
  'ai-turn.prompted': AiTurnPrompted;
  'tool-call.proposed': ToolCallProposed;
  'tool-call.asked': ToolCallAsked;
  'tool-call.finished': ToolCallFinished;
  'ai-session.reconfigured': AiSessionReconfigured;
  'ai-session.ended': AiSessionEnded;
  'budget.created': Changed;
  'budget.updated': Changed;
  'budget.deleted': Changed;
  'model-prices.updated': Changed;
  'prompts.erased': PromptsErased;
}

export type EventName = keyof EventBodies;
export type EventBody<E extends EventName> = EventBodies[E];

// The record makes the compiler compare the list with the bodies in both directions; the value is only a place to stand.
const catalogue: Readonly<Record<EventName, true>> = {
  'log.created': true,
  'log.restored': true,
  'key.rotated': true,
  'key.destroyed': true,
  'evidence.exported': true,
  'session.started': true,
  'session.ended': true,
  'session.refused': true,
  'operation.allowed': true,
  'operation.denied': true,
  'operation.reviewing': true,
  'operation.abandoned': true,
  'operation.completed': true,
  'review.requested': true,
  'review.voted': true,
  'review.approved': true,
  'review.rejected': true,
  'review.expired': true,
  'review.consumed': true,
  'policy.activated': true,
  'connection.created': true,
  'connection.updated': true,
  'connection.deleted': true,
  'masking-rule.created': true,
  'masking-rule.updated': true,
  'masking-rule.deleted': true,
  'enrolment-key.issued': true,
  'agent.enrolled': true,
  'agent.renewed': true,
  'agent.revoked': true,
  'agent.connected': true,
  'agent.disconnected': true,
  'ticket.issued': true,
  'ticket.revoked': true,
  'login.accepted': true,
  'login.refused': true,
  'grants.ended': true,
  'person.created': true,
  'person.updated': true,
  'service-account.created': true,
  'service-account.updated': true,
  'service-account.deleted': true,
  'service-account.rotated': true,
  'review.refused': true,
  'witness-token.issued': true,
  'ai-turn.prompted': true,
  'tool-call.proposed': true,
  'tool-call.asked': true,
  'tool-call.finished': true,
  'ai-session.reconfigured': true,
  'ai-session.ended': true,
  'budget.created': true,
  'budget.updated': true,
  'budget.deleted': true,
  'model-prices.updated': true,
  'prompts.erased': true,
};

export const eventNames = Object.keys(catalogue) as readonly EventName[];

export const isEventName = (value: unknown): value is EventName =>
  typeof value === 'string' && Object.hasOwn(catalogue, value);

import type {
  AgentId,
  Assurance,
  ConnectionId,
  Digest,
  ErrorCode,
  Facts,
  IdentityClass,
  ModelUsage,
  OperationId,
  OutcomeFlag,
  OutcomeStatus,
  PersonId,
  PolicyId,
  ProtocolName,
  Refusal,
  ReviewId,
  Risk,
  Scoped,
  SessionId,
  TicketId,
  TurnContext,
} from '@sallyport/core';
import type { SignedFooter } from './footer.js';

/** Who did it, as an auditor names them. `system` is the gateway itself: a time-out, a leader's work. */
export interface Actor {
  readonly id: PersonId | 'system';
  readonly class: IdentityClass | 'system';
  readonly name: string;
}

export interface SessionStarted {
  readonly session: SessionId;
  readonly identity: {
    readonly id: PersonId;
    readonly class: IdentityClass;
    readonly issuer: string;
    readonly subject: string;
    readonly name: string;
    readonly groups: readonly string[];
  };
  readonly ticket: TicketId;
  readonly turn: TurnContext;
  readonly connection: {
    readonly id: ConnectionId;
    readonly name: string;
    readonly version: number;
    readonly protocol: ProtocolName;
  };
  /** The agent's alias of the target. */
  readonly target: string;
  /** Absent when no agent was there to serve it. */
  readonly agent?: AgentId;
  readonly database?: string;
  readonly client: { readonly name?: string; readonly address: string };
  readonly assurance: Assurance;
  readonly recordsResponses: boolean;
}

export interface SessionEnded {
  readonly session: SessionId;
  /** The last operation's number, 0 when there was none. */
  readonly operations: number;
  readonly denied: number;
  /** Bytes of the protocol, not of the recording. */
  readonly bytes: { readonly toTarget: number; readonly toClient: number };
  readonly reason: { readonly code: ErrorCode | 'CLIENT_LEFT' | 'TARGET_LEFT'; readonly message: string };
  /** The recording of the whole session, where there is one. */
  readonly recording?: SignedFooter;
}

export interface SessionRefused {
  /** As claimed, clipped; absent where it may not be known. */
  readonly connection?: string;
  readonly identity?: Actor;
  readonly ticket?: TicketId;
  readonly client: { readonly name?: string; readonly address: string };
  readonly refusal: Refusal;
}

/** One operation with what was decided about it: all that a replay, a policy test and an auditor need. */
export interface OperationDecided {
  readonly operation: OperationId;
  /** From 1, without gaps, in the order in which they were asked. A later decision on the same operation repeats it. */
  readonly number: number;
  readonly action: string;
  readonly risk: Risk;
  /** Secrets in it are redacted. */
  readonly text: string;
  /** Bytes of the whole text, when it had to be clipped; the digest covers all of it. */
  readonly textBytes?: number;
  /** Redacted; null for SQL NULL. */
  readonly parameters?: readonly (string | null)[];
  /** True when parameters were left out or clipped. */
  readonly parametersClipped?: boolean;
  readonly facts: Facts;
  readonly resources: readonly string[];
  /** Of the unredacted statement and parameters: what a review is bound to. */
  readonly digest: Digest;
  readonly pure: boolean;
  readonly provisional?: boolean;
  /** Where the request itself said what it belongs to; else the session's holds. */
  readonly turn?: TurnContext;
  readonly assurance: Assurance;
  readonly policies: readonly PolicyId[];
  readonly policyVersion: number;
  /** Of the masking plan in force. */
  readonly masking: Digest;
  /** The review that this decision rests on. */
  readonly review?: ReviewId;
  /** What had ended in this session before this was asked, and is told nowhere else. The envelope names the operations. */
  readonly completed?: readonly EarlierOutcome[];
}

export interface OperationDenied extends OperationDecided {
  readonly refusal: Refusal;
}

export interface Requirement {
  readonly groups: readonly string[];
  readonly approvals: number;
  readonly timeoutMs: number;
  readonly onTimeout: 'deny' | 'allow';
}

export interface OperationReviewing extends OperationDecided {
  readonly requirement: Requirement;
}

/** The client left while people were asked: nothing was run. */
export interface OperationAbandoned {
  readonly operation: OperationId;
  readonly review?: ReviewId;
}

export interface OperationCompleted {
  readonly operation: OperationId;
  readonly status: OutcomeStatus;
  readonly code?: string;
  readonly rows?: number;
  readonly bytes?: number;
  readonly maskedFields: number;
  readonly maskedBy?: readonly string[];
  readonly durationMs?: number;
  /** The masked response's recording, where the connection asks for it. */
  readonly recording?: SignedFooter;
  /** Who signed the recording, where it is another agent than the session was started with. */
  readonly agent?: AgentId;
  /** What finds it in the target's own log: a backend's process id and log-in, a request id. */
  readonly joinKey?: string;
  /** Under which credential it ran: see Outcome. */
  readonly scoped?: Scoped;
  /** Of a model's answer: see Outcome. */
  readonly usage?: ModelUsage;
  /** Of a model's answer: see Outcome. */
  readonly flags?: readonly OutcomeFlag[];
}

/** An outcome that is told with the next decision of its session: one entry less. Never where the response is recorded. */
export interface EarlierOutcome extends Omit<OperationCompleted, 'recording' | 'agent'> {
  /** When it was known: ISO 8601. */
  readonly at: string;
}

export interface ReviewRequested {
  readonly review: ReviewId;
  /** What it is bound to, operation and circumstances together. */
  readonly binding: Digest;
  /** Equals the digest of the operation that may consume it. */
  readonly operationDigest: Digest;
  readonly operation: OperationId;
  readonly requestedBy: Actor;
  readonly connection: string;
  readonly requirement: Requirement;
  readonly policies: readonly PolicyId[];
  readonly policyVersion: number;
  /** ISO 8601. */
  readonly expiresAt: string;
}

export interface Vote {
  readonly by: Actor;
  readonly groups: readonly string[];
  readonly verdict: 'approve' | 'reject';
  readonly reason: string;
  /** ISO 8601. */
  readonly at: string;
}

export interface ReviewVoted {
  readonly review: ReviewId;
  readonly vote: Vote;
}

/** Approved or rejected: with every vote, so that it can be judged by itself. */
export interface ReviewSettled {
  readonly review: ReviewId;
  readonly votes: readonly Vote[];
}

export interface ReviewExpired {
  readonly review: ReviewId;
  readonly applied: 'deny' | 'allow';
}

/** A verdict that was not taken. Like ones within a minute are one entry. */
export interface ReviewRefused {
  readonly review: ReviewId;
  readonly by: Actor;
  readonly verdict: 'approve' | 'reject';
  readonly refusal: Refusal;
  /** How often, since the last entry about it. */
  readonly count: number;
}

/** An approval was used up by one operation. It comes before that operation's `operation.allowed`. */
export interface ReviewConsumed {
  readonly review: ReviewId;
  readonly operation: OperationId;
}

export interface PolicyActivated {
  readonly version: number;
  /** SHA-256 of the policy text in UTF-8. */
  readonly digest: Digest;
  readonly previousVersion?: number;
  readonly comment: string;
  readonly by: Actor;
}

/** A change of something that an administrator keeps; before and after without secrets. */
export interface Changed {
  readonly id: string;
  readonly name: string;
  readonly by: Actor;
  readonly before?: Readonly<Record<string, unknown>>;
  readonly after?: Readonly<Record<string, unknown>>;
}

export interface AgentEnrolled {
  readonly agent: AgentId;
  readonly name: string;
  readonly version: string;
  /** The certificate's public key, DER SubjectPublicKeyInfo in base64: it signs recordings. */
  readonly publicKey: string;
  readonly certificateSerial: string;
  /** The witness key as a C2SP verifier key. */
  readonly witnessKey?: string;
}

export interface AgentRenewed {
  readonly agent: AgentId;
  readonly publicKey: string;
  readonly certificateSerial: string;
}

export interface AgentSeen {
  readonly agent: AgentId;
  readonly name: string;
  readonly version?: string;
  readonly address?: string;
  readonly reason?: string;
}

export interface TicketIssued {
  readonly ticket: TicketId;
  readonly identity: Actor;
  readonly connection: string;
  readonly turn: TurnContext;
  readonly expiresAt: string;
  /** What was known then; each session has the level of its own time. */
  readonly assurance?: Assurance;
  /** The tool call that witnesses have told of: the gateway's own id of it. */
  readonly toolCall?: string;
  /** HMAC, under a key of the person's, of the command that it was matched by: as the tool call's own events have it. */
  readonly command?: string;
  /** Another call with the same command was under way. */
  readonly ambiguous?: true;
}

export interface TicketRevoked {
  readonly ticket: TicketId;
  readonly by: Actor;
}

export interface LoginSeen {
  readonly identity?: Actor;
  readonly issuer: string;
  readonly method: 'browser' | 'device' | 'bearer' | 'service-account' | 'certificate';
  readonly address?: string;
  readonly refusal?: Refusal;
  /** Of refusals: how often from this address and for this reason, since the last entry about it. */
  readonly count?: number;
}

export interface GrantsEnded {
  readonly person: PersonId;
  readonly by: Actor;
  readonly reason: string;
}

/** The first entry of every log. */
export interface LogCreated {
  readonly origin: string;
  /** C2SP verifier key. */
  readonly key: string;
}

/** A backup was put back: the old log ends here for its witnesses, and this one goes on under an origin of its own. */
export interface LogRestored {
  readonly previous: { readonly origin: string; readonly size: number; readonly root: string };
  readonly by: Actor;
  readonly reason: string;
}

/** See key-rotation.ts. */
export interface KeyRotated {
  readonly old: string;
  readonly new: string;
  readonly oldSignature: string;
  readonly newSignature: string;
  /** Not part of what is signed. */
  readonly by?: Actor;
  readonly reason?: string;
}

/** Erasure: the bodies sealed under this key can never be read again. */
export interface KeyDestroyed {
  /** `keyIdOf` the entries. */
  readonly key: string;
  /** Keys that were destroyed with it. */
  readonly further?: readonly string[];
  readonly by: Actor;
  readonly reason: string;
  /** Where it is the installation that forgets by age, and nobody has asked for it. */
  readonly rule?: RetentionRule;
}

export interface RetentionRule {
  /** The name of the setting. */
  readonly setting: string;
  readonly days: number;
  /** What is older goes: ISO 8601. */
  readonly before: string;
}

/** Prompts and inputs of tools have been taken out of the tables; their entries are erased by `key.destroyed`. */
export interface PromptsErased {
  readonly rule: RetentionRule;
  /** Whose texts they were. */
  readonly aiSessions: readonly string[];
  readonly messages: number;
  readonly inputs: number;
}

export interface EvidenceExported {
  readonly by: Actor;
  readonly kind: 'log' | 'selection';
  readonly size: number;
  readonly sessions?: readonly SessionId[];
  readonly from?: string;
  readonly to?: string;
}

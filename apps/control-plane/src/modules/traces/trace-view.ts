import type { OperationView } from '../sessions/session-view.js';

export const traceKinds = ['operation', 'tool-call', 'turn', 'session', 'ai-session', 'any'] as const;
export type TraceKind = (typeof traceKinds)[number];

/** From a prompt to what came of it, as a tree: the whole of an AI session, or the branch of what was asked for. */
export interface TraceView {
  /** What was asked for. */
  readonly of: { readonly kind: Exclude<TraceKind, 'any'>; readonly id: string };
  readonly identity: { readonly id: string; readonly class: string; readonly name: string } | null;
  /** Null where nothing says that an AI asked. */
  readonly ai_session: AiSessionBranch | null;
  /** Of operations that belong to no turn that any witness knows. */
  readonly operations: readonly TracedOperation[];
  /** More is on record than is shown: ask for a turn or a tool call. */
  readonly truncated: boolean;
}

export interface AiSessionBranch {
  readonly id: string;
  readonly client: string;
  /** The client's own name of it. */
  readonly client_session: string;
  readonly first_seen_at: string;
  readonly killed_at: string | null;
  readonly turns: readonly TurnBranch[];
}

export interface TurnBranch {
  readonly id: string;
  readonly client_turn: string;
  readonly origin: string;
  readonly parent: string | null;
  readonly trace_id: string | null;
  readonly started_at: string;
  readonly ended_at: string | null;
  /** The tool by which outside content came into it, with when. */
  readonly untrusted: { readonly by: string; readonly at: string } | null;
  readonly messages: readonly MessageLeaf[];
  /** Requests to the model. */
  readonly model: readonly TracedOperation[];
  readonly tool_calls: readonly ToolCallBranch[];
  /** Of the turn, by no tool call that a witness knows. */
  readonly operations: readonly TracedOperation[];
}

export interface MessageLeaf {
  readonly number: number;
  readonly kind: string;
  readonly source: string;
  /** Null once erased. */
  readonly text: string | null;
  /** The number of the message that was typed, where this is what the client made of it for its model. */
  readonly expands: number | null;
  readonly at: string;
  /** When a second witness told the same. */
  readonly confirmed_at: string | null;
}

export interface ToolCallBranch {
  readonly id: string;
  readonly tool_use_id: string;
  readonly name: string;
  /** The sub-agents that it was made by, from the outermost; null for the main conversation. */
  readonly agent: string | null;
  readonly message: number | null;
  /** Null once erased. */
  readonly input: string | null;
  readonly witnesses: {
    readonly model: { readonly at: string; readonly operation: string } | null;
    readonly hook: { readonly at: string } | null;
    readonly telemetry: { readonly span_id: string } | null;
    /** Do hook and model tell the same input? Null while only one of them has told it. */
    readonly agree: boolean | null;
  };
  readonly outcome: string | null;
  readonly finished_at: string | null;
  readonly refusal: string | null;
  readonly operations: readonly TracedOperation[];
}

export interface TracedOperation extends OperationView {
  readonly session: string;
  readonly connection: string | null;
  readonly protocol: string | null;
  /** Why the level of assurance is what it is, in words. */
  readonly evidence: readonly string[];
  readonly review: ReviewLeaf | null;
  /** What finds it in the target's own log. */
  readonly join_key: string | null;
  /** Where CloudTrail has it, of a call to AWS. */
  readonly cloud_trail: CloudTrailKeys | null;
}

export interface CloudTrailKeys {
  readonly request_id: string;
  /** Where the call ran under a role scoped to it; else the agent's own credential is what CloudTrail names. */
  readonly role_session_name: string | null;
  readonly source_identity: string | null;
}

export interface ReviewLeaf {
  readonly id: string;
  readonly state: string;
  readonly votes: readonly {
    readonly by: string;
    readonly verdict: string;
    readonly reason: string;
    readonly at: string;
  }[];
}

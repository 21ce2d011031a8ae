import type { OperationId, PersonId } from '@sallyport/core';
import type { Actor } from './event-bodies.js';

/** What every event of an AI session begins with. Ids of clients mean something within (person, client) only. */
export interface AiSessionNamed {
  readonly aiSession: string;
  readonly person: PersonId;
  readonly client: string;
  readonly clientSession: string;
}

/** Texts are clipped and without secrets; absent once the person's key has been destroyed. */
export interface AiTurnPrompted extends AiSessionNamed {
  readonly turn: string;
  readonly clientTurn: string;
  /** The turn that started the task whose end this notification tells. */
  readonly parent?: string;
  /** Number of the message within its turn, from 1. */
  readonly message: number;
  readonly kind: 'human' | 'steer' | 'notification' | 'scheduled' | 'sdk';
  readonly source: 'hook' | 'model' | 'otlp';
  readonly text?: string;
  /** Bytes of the whole text, when it had to be clipped; the digest covers all of it. */
  readonly textBytes?: number;
  /** HMAC under a key of the person's: equal texts of one person have equal digests. */
  readonly digest: string;
}

interface ToolCallNamed extends AiSessionNamed {
  readonly toolCall: string;
  /** The client's id of it. */
  readonly toolUse: string;
  readonly turn: string;
}

interface ToolCallTold extends ToolCallNamed {
  /** The message that it follows, where one is known. */
  readonly message?: number;
  /** The sub-agent's path, ids joined by `/`. */
  readonly agent?: string;
  readonly name: string;
  readonly input?: string;
  readonly inputBytes?: number;
  /** HMAC of the whole input, whatever the order of its members. */
  readonly digest: string;
  /** Do the witnesses so far tell the same input? Absent while there is one. */
  readonly agrees?: boolean;
}

/** The model's own tool call, seen before its last byte passed. */
export interface ToolCallProposed extends ToolCallTold {
  readonly modelOperation: OperationId;
}

/** The client's hook before it runs the call. */
export interface ToolCallAsked extends ToolCallTold {
  /** The client was told not to run it. */
  readonly refused?: string;
}

export interface ToolCallFinished extends ToolCallNamed {
  readonly source: 'hook' | 'model';
  readonly outcome: 'done' | 'failed' | 'denied';
  readonly agrees?: boolean;
}

export interface AiSessionEnded extends AiSessionNamed {
  /** The client has said that it is over, or somebody has ended it for good. */
  readonly cause: 'client' | 'killed';
  readonly by?: Actor;
  readonly reason?: string;
}

/** The client has told that its settings have changed while it ran. */
export interface AiSessionReconfigured extends AiSessionNamed {
  readonly what: string;
}

export interface WitnessTokenIssued {
  readonly token: string;
  readonly identity: Actor;
  readonly client?: string;
  /** ISO 8601. */
  readonly expiresAt: string;
}

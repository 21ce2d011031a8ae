/** What a protocol that carries model traffic tells the house, and asks of it. */
import type { ModelUsage, OperationId, TurnContext } from '@sallyport/core';

/** What model traffic shows of a turn: the second of the three witnesses (DESIGN section 9). Texts are masked already. */
export type ModelWitness =
  | {
      /** New text of the user's side, that is: what came after the last answer of the model. */
      readonly kind: 'message';
      readonly turn: TurnContext;
      /** The request to the model that brought it: tells steering, which comes with results of tools, from the next prompt. */
      readonly operation?: OperationId;
      readonly message: ModelMessage;
    }
  | {
      /** The model's own tool call, whole: told before its last byte is passed on. */
      readonly kind: 'tool-call';
      readonly turn: TurnContext;
      /** The request to the model whose answer has it. */
      readonly operation: OperationId;
      readonly id: string;
      readonly name: string;
      /** JSON text as the model wrote it, masked. */
      readonly input: string;
    }
  | {
      /** What the client sends back of a tool call. */
      readonly kind: 'tool-result';
      readonly turn: TurnContext;
      /** The request to the model that brought it. */
      readonly operation?: OperationId;
      readonly id: string;
      readonly isError: boolean;
    };

/**
 * human: typed by a person, as far as the wire shows · notification: the client's own (a background task has ended) ·
 * internal: a request of the client's own (a title, a classifier, a summary), which is nobody's prompt.
 */
export const messageKinds = ['human', 'notification', 'internal'] as const;
export type MessageKind = (typeof messageKinds)[number];

export interface ModelMessage {
  readonly kind: MessageKind;
  readonly text: string;
}

/** The most that a call can use. */
export interface ModelEstimate {
  readonly model: string;
  readonly turn: TurnContext;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

export interface ModelReservation {
  /** What the call has used in truth, with its price where that is known; the rest is given back. Called once. */
  settle(usage: ModelUsage): Promise<ModelUsage>;
  /** Nothing was used: the call did not reach the model. */
  release(): Promise<void>;
}

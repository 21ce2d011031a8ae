import { type Assurance, GatewayError, type TurnContext } from '@sallyport/core';

/** What a ticket says of the AI behind it, and how sure that is. */
export interface Attribution {
  readonly turn: TurnContext;
  readonly assurance: Assurance;
  /** The tool call that witnesses have told of. */
  readonly call?: AttributedCall;
}

export interface AttributedCall {
  readonly id: string;
  /** Fingerprint of the command that it was matched by; absent where only its id was shown. */
  readonly command?: Buffer;
  /** Another call with the same command was under way: it may have been that one. */
  readonly isAmbiguous: boolean;
  /** It was started to go on in the background: its end, for the client, is not the end of what it started. */
  readonly outlives: boolean;
}

/** What a client says that it does this for. */
export interface Claims {
  readonly client?: string | undefined;
  readonly aiSession?: string | undefined;
  readonly turn?: string | undefined;
  readonly toolCall?: string | undefined;
  readonly agent?: string | undefined;
  /** The line that it runs. */
  readonly command?: string | undefined;
  /** W3C Trace Context: the trace is the turn's, the parent the tool call's own span. */
  readonly traceparent?: string | undefined;
}

/** What a client says, without what it does not. */
export const claimedTurn = ({ client, aiSession, agent, turn, toolCall }: Claims): TurnContext => ({
  ...(client === undefined ? {} : { client }),
  ...(aiSession === undefined ? {} : { aiSession }),
  ...(agent === undefined ? {} : { agent }),
  ...(turn === undefined ? {} : { turn }),
  ...(toolCall === undefined ? {} : { toolCall }),
});

export const aiSessionEnded = (): GatewayError =>
  new GatewayError('SESSION_ENDED', 'this AI session has been ended for good', {
    hint: 'stop here and tell the person you work for; their next conversation is another AI session',
  });

/** What a protocol that carries model traffic says of its API: its routes, its headers and its own words. */
import type { ProtocolName, Refusal, TurnContext } from '@sallyport/core';
import type { Headers } from '@sallyport/http';
import type { ModelApi, ModelApiName, ModelRequest } from '@sallyport/models';

/** A segment that begins with a colon stands for any one segment. */
export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** The same under the name that the API itself has for it, where clients have another one. */
  readonly sentAs?: string;
  /** What its body is; absent where there is none: lists of models. */
  readonly api?: ModelApiName;
}

export interface ErrorAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
}

/** What the client says of itself, beside the request to the model. */
export interface ClientClaims {
  readonly headers: Headers;
  /** Absent for a list of models. */
  readonly request?: ModelRequest;
}

export interface ClientTurn {
  readonly turn: TurnContext;
  /** The sub-agent that has started this one, as the client says: a path is made of it. */
  readonly parentAgent?: string;
  /** A request of the client's own, or of a sub-agent: nobody's prompt. */
  readonly isInternal: boolean;
}

export interface ModelSurface {
  readonly name: ProtocolName;
  readonly routes: readonly Route[];
  /** Answered here with nothing, whoever asks: clients look whether somebody is there. */
  readonly probes: readonly string[];
  /** What else there is of this API, and what to do instead; by the beginning of a path. */
  readonly elsewhere: readonly (readonly [path: string, hint: string])[];
  readonly apis: { get(name: ModelApiName): Pick<ModelApi, 'describe'> | undefined };
  turnOf(claims: ClientClaims): ClientTurn;
  /** What the client has asked for beyond the API as it is: the names in its beta headers. */
  betasOf(headers: Headers): readonly string[];
  /** Headers that change what the same body means: a review is bound to them too. */
  readonly meaningful: readonly string[];
  refusal(refusal: Refusal): ErrorAnswer;
  /** In a stream of events: something to be sent while nothing else can be. */
  readonly ping: Buffer;
  /** In a stream of events: the body of an error answer, ours or the API's, so that clients of this API take it for the end. */
  errorEvent(body: Buffer, api: ModelApiName | undefined, sequence: number): Buffer;
}

/** The heads of this protocol's frames; what every protocol over HTTP shares of them is in libs/http/frames.ts. */
import type { Addressing } from '@sallyport/aws';
import type { CallFrame } from '@sallyport/http';

/** OPEN, as JSON: what the control plane allows this session; the agent's own file can only be narrower or the same. */
export interface OpenHead {
  /** Of the connection: empty means every one that the agent's own file allows. */
  readonly regions: readonly string[];
  readonly accounts: readonly string[];
  /** The ARN of a role that each call is to be scoped by; the agent's file must list it. */
  readonly role?: string;
  /** Whom CloudTrail is to name. */
  readonly attribution: Attribution;
}

export interface Attribution {
  readonly session: string;
  readonly person: string;
  readonly aiSession?: string;
  readonly turn?: string;
  readonly toolCall?: string;
}

/** OPENED, as JSON. */
export interface OpenedHead {
  readonly partition: string;
  /** Whose credential the agent holds; absent where it could not be asked. */
  readonly account?: string;
  /** The region of calls that name none. */
  readonly region?: string;
  /** This agent keeps a call that is held. */
  readonly holds?: boolean;
}

/** The first FORWARD of a call, as JSON; the head of later ones is empty but for `more`, see `encodeMore`. */
export interface CallHead extends CallFrame {
  readonly method: string;
  /** Raw, as the client wrote it: path-style always (the bucket of a virtual host is put in front). */
  readonly path: string;
  readonly query: string;
  /** Of the client, without hop-by-hop and signature headers. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly addressing: Addressing;
  readonly region: string;
  readonly signingName: string;
  /** What gate one took it for: the agent identifies it again and refuses where it finds something else. */
  readonly service: string;
  readonly operation: string;
  /** What was decided about: the agent derives its own, scopes by that, and refuses what needs more. */
  readonly actions: readonly string[];
  readonly resources: readonly string[];
}

import type { Duplex } from 'node:stream';
import type { SecureContext } from 'node:tls';
import type {
  Decision,
  Digest,
  GatewayError,
  Identity,
  MaskingPlan,
  MaskingRule,
  Operation,
  OperationId,
  ProtocolName,
  Refusal,
  SessionId,
  TurnContext,
} from '@sallyport/core';
import type { Channel } from './channel.js';
import type { Exchange } from './exchange.js';
import type { ModelEstimate, ModelReservation, ModelWitness } from './model-traffic.js';

/** What a client shows at the door. */
export interface Claim {
  readonly ticket: string;
  /** Where the protocol has a place for its name; a ticket is for one connection anyway. */
  readonly connection?: string;
  /** The part of the target it asks for, in the protocol's terms: a database name in SQL. */
  readonly database?: string;
  /** The client's own name for itself (application_name, User-Agent), untrusted, at most 256 characters. */
  readonly clientName?: string;
  readonly clientAddress: string;
}

/** One identity's use of one connection, admitted but not yet started: starting is its first exchange. */
export interface SessionHandle {
  readonly id: SessionId;
  readonly identity: Identity;
  readonly turn: TurnContext;
  readonly connection: ConnectionView;
  /** When its ticket ends: a protocol that shows the ticket with each request begins nothing new after it. */
  readonly ticketExpiresAt: Date;
  /** Aborted, with a GatewayError as reason, when the session must end: revocation, drain, an administrator's word. */
  readonly ended: AbortSignal;
  /**
   * Called once when what an operation is for has ended: this session, or, where it carries several AI sessions, the one
   * that the operation names.
   * @returns calls it off
   */
  untilEnded(operation: Pick<Operation, 'turn'>, act: (reason: GatewayError) => void): () => void;
  /** Takes what the client should be told meanwhile, in the protocol's own way: that its login is about to end. */
  tell(say: (text: string) => void): void;
  /**
   * What the policies would decide now, without deciding it: nothing is recorded, and no quota is taken. For what is done
   * ahead of a review; the decision itself is the engine's.
   */
  foresee(operation: Operation): Decision['outcome'];
  /**
   * Drives exchanges through the engine, in their order; resolves when they end. A session whose requests are not ordered
   * among one another runs each by a call of its own.
   */
  run(exchanges: AsyncIterable<Exchange>): Promise<void>;
  /**
   * Opens a way to the target through an agent. Only from within a forwarded `session.connect`, or once that was
   * forwarded: a session whose requests run side by side has a way for each.
   */
  open(head: Uint8Array): Promise<Channel>;
  /**
   * Waits a moment where policies and rules have not been confirmed lately; called before a request is described.
   * @returns undefined where nothing has to be waited for; never rejects
   */
  confirmed(): Promise<void> | undefined;
  /** The rules in force now. Throws a GatewayError where they cannot be confirmed: then nothing is forwarded either. */
  masking(): MaskingPlan;
  /** What describing may know of the target; undefined until an agent has sent it. */
  catalogue(database: string): CatalogueSnapshot | undefined;
  /** Has a snapshot with this digest arrived? */
  knowsCatalogue(digest: string): boolean;
  /**
   * Puts on record what model traffic shows of a turn; durable when it resolves.
   * @throws GatewayError RECORDING_UNAVAILABLE; SESSION_ENDED where the AI session has been ended by an administrator
   */
  witness(seen: ModelWitness): Promise<void>;
  /**
   * Takes the most that a call to a model can cost out of every budget that applies to who asks.
   * @throws GatewayError BUDGET_EXHAUSTED, and what was taken is given back
   */
  reserve(estimate: ModelEstimate): Promise<ModelReservation>;
  close(reason?: Refusal): void;
}

export interface ConnectionView {
  readonly name: string;
  readonly version: number;
  /** The agent's alias of the target. */
  readonly target: string;
  readonly databases: readonly string[];
  readonly settings: Readonly<Record<string, unknown>>;
}

/** Bytes of a snapshot in the protocol's own form, made by the target side and read by the client side. */
export interface CatalogueSnapshot {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}

/** What a protocol's client side finds at its listener. */
export interface Lobby {
  readonly tls: SecureContext;
  /** The certificate for a client that asked for this name (SNI); `tls` for names that are not this gateway's to answer. */
  contextFor(serverName: string): Promise<SecureContext>;
  /** Is this a name (of a bucket below ours, or of AWS) for which `contextFor` has a certificate of its own? */
  answersTo(host: string): boolean;
  /** The name by which clients know this gateway. */
  readonly publicHost: string;
  /** 32 bytes that only this installation can derive of this text, the same each time, for one purpose. */
  derive(purpose: string, text: string): Uint8Array;
  /** Checks the ticket, the connection and the limits. Throws a GatewayError; says nothing about what exists. */
  admit(claim: Claim): Promise<SessionHandle>;
  /** Bytes that a client may send before it has been admitted, and how long it may take. */
  readonly limits: { readonly startupBytes: number; readonly startupMs: number };
  /**
   * Takes something for the one time that it may be used, over all replicas; durable when it resolves.
   * @returns false where it has been used
   * @throws GatewayError RECORDING_UNAVAILABLE: nobody can tell
   */
  once(use: SingleUse): Promise<boolean>;
  /** Keys by which a client may cancel from another connection, known to every replica. */
  readonly cancellations: Cancellations;
  log(event: string, details: Readonly<Record<string, unknown>>): void;
}

export interface SingleUse {
  /** What may be used once; only its hash is kept. */
  readonly key: string;
  /** How long it is remembered: at least as long as it could be used. */
  readonly keptMs: number;
  /** Who uses it, as far as a network address tells. */
  readonly origin: string;
  /** Which attempt of the same use it says it is: another one of the same origin passes, shortly after the first. */
  readonly attempt?: string;
  readonly repeatMs: number;
}

export interface Cancellations {
  /** @returns what forgets the key */
  register(key: string, cancel: () => void): () => void;
  request(key: string): void;
}

/** Which login a connection is to have at its target, in the protocol's terms. */
export interface HardeningRequest {
  readonly database: string;
  readonly role: string;
  /** None means every one that is the application's. */
  readonly schemas: readonly string[];
  readonly readWrite: boolean;
  /** Columns as masking rules name them, that the login must not read at all. */
  readonly withheld: readonly string[];
}

export interface Hardening {
  /** What an administrator of the target runs there. */
  readonly script: string;
  /** What the self-check goes on to name because it was asked for: patterns to be accepted. */
  readonly expected: readonly string[];
}

/** The half that the control plane hosts: a server to the client, a tunnel to the agent. */
export interface ClientSide {
  readonly name: ProtocolName;
  /** Writes what makes a login at the target that may do what it is for and no more. @throws GatewayError INVALID_INPUT */
  harden?(request: HardeningRequest): Hardening;
  /** Speaks with one client until it has gone; never rejects because of what a client sent. */
  serve(client: Duplex & { readonly remoteAddress?: string }, lobby: Lobby): Promise<void>;
}

/** One target as the agent's own file names it. */
export interface Target {
  readonly alias: string;
  readonly host: string;
  readonly port: number;
  readonly settings: Readonly<Record<string, unknown>>;
  /** The agent's own minimum: always on. */
  readonly masking: readonly MaskingRule[];
  /** Reads the credential at the moment of use; `fresh` after the target has refused the last one. Never logged, never sent. */
  credential(options?: { readonly fresh?: boolean }): Promise<Credential>;
}

/** What a credential source yields; which parts are needed is the protocol's matter. */
export interface Credential {
  readonly user: string;
  readonly password?: string;
  readonly clientCertificate?: { readonly cert: string; readonly key: string };
  readonly aws?: AwsCredential;
}

/** What requests to AWS are signed with. */
export interface AwsCredential {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

/**
 * The agent's own recording of one operation's response, by which the control plane cannot forge it later.
 * INVARIANT: covers every byte that the client gets for the operation, piece by piece as it is sent, and nothing else.
 * What the control plane says itself (a refusal, even where the agent emits it in order) is no part of any response.
 */
export interface ResponseRecording {
  /** Takes one piece in: what one DATA frame carries, unsplit. @returns its time stamp, which travels with it */
  add(piece: Uint8Array): Date;
  /** Signed over everything added; nothing may be added afterwards. Travels with the operation's outcome. */
  footer(): string;
}

export interface TargetHost {
  readonly target: Target;
  readonly session: SessionId;
  /** The key of this installation's `hash` action. */
  readonly maskingKey: Uint8Array;
  /** The newest snapshot of this target that the agent has. */
  catalogue(database: string): CatalogueSnapshot | undefined;
  /** Keeps a snapshot for every session of this target and sends it to the control plane. */
  publish(database: string, snapshot: CatalogueSnapshot): void;
  /** Begins to record the response of one operation, where the control plane asks for it. */
  recording(operation: OperationId): ResponseRecording;
  log(event: string, details: Readonly<Record<string, unknown>>): void;
}

/** What outlives a session. */
export type SurveyHost = Omit<TargetHost, 'session' | 'recording'>;

/** One thing that a login can do at its target and should not be able to: names, never a value of a table. */
export interface Problem {
  /** What kind of thing, from the protocol's own closed list: `can write`. */
  readonly problem: string;
  /** Which one: `app.orders (INSERT)`. */
  readonly what: string;
}

/** What a target says that the agent's login may do there. */
export interface SelfCheck {
  readonly at: Date;
  readonly problems: readonly Problem[];
  /** Found beside them and not listed: a list that is not whole cannot be accepted. */
  readonly more: number;
  /** Why the target could not be asked; then nothing is known. */
  readonly failure?: Refusal;
}

export type CheckHost = Pick<TargetHost, 'target' | 'log'>;

/** The half that the agent hosts: a client to the target, holds the credential, masks. */
export interface TargetSide {
  readonly name: ProtocolName;
  /** Checks a target's settings when the agent starts, so that mistakes are named before the first session. */
  configure(settings: Readonly<Record<string, unknown>>): void;
  /** Serves one session's channel until either end has gone. */
  serve(channel: Channel, host: TargetHost): Promise<void>;
  /** Reads what describing needs to know of the target and publishes it; called at start and then by age. */
  survey?(host: SurveyHost, signal: AbortSignal): Promise<void>;
  /** Asks one database, by the target's own login, what that login may do. Never rejects: what cannot be asked is a failure. */
  selfCheck?(host: CheckHost, database: string): Promise<SelfCheck>;
}

/** A protocol as `libs/protocols/index.ts` lists it: each half is loaded only where it is hosted. */
export interface Protocol {
  readonly name: ProtocolName;
  clientSide(): Promise<ClientSide>;
  targetSide(): Promise<TargetSide>;
}

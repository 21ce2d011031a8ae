import { type ErrorCode, errorCodes, GatewayError, refusalOf } from '@sallyport/core';

// The messages of proto/sallyport/v1/tunnel.proto as protobufjs yields them, with every default filled in.

export interface RefusalMessage {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** A target by the alias in the agent's own file. */
export interface TargetOffer {
  readonly alias: string;
  readonly protocol: string;
  readonly databases: readonly string[];
}

export interface Hello {
  readonly agentVersion: string;
  readonly sqlVersion: string;
  readonly protocolMin: number;
  readonly protocolMax: number;
  readonly capabilities: readonly string[];
  readonly targets: readonly TargetOffer[];
  readonly witnessKey: string;
  readonly witnessedCheckpoints: readonly string[];
  readonly instance: string;
}

export interface Welcome {
  readonly controlPlaneVersion: string;
  readonly protocolVersion: number;
  readonly heartbeatMs: number;
  readonly agentId: string;
  /** The replica's name for itself on session connections; empty where it takes none. */
  readonly sessionConnections: string;
}

export interface SessionReady {
  readonly replica: string;
}

export interface SessionClaim {
  readonly session: string;
  readonly token: Buffer;
}

export interface OpenSession {
  readonly session: string;
  readonly token: Buffer;
  readonly target: string;
  readonly protocol: string;
  readonly timeoutMs: number;
  readonly database: string;
}

export interface CataloguePiece {
  readonly target: string;
  readonly database: string;
  readonly digest: string;
  readonly totalBytes: number;
  readonly offset: number;
  readonly bytes: Buffer;
}

export interface WitnessRequest {
  readonly id: number;
  readonly checkpoint: string;
  readonly proof: readonly Buffer[];
  readonly rotations: readonly string[];
}

export interface SelfCheckReport {
  readonly target: string;
  readonly database: string;
  readonly timeMs: number;
  readonly problems: readonly { readonly problem: string; readonly what: string }[];
  readonly more: number;
  readonly failure: RefusalMessage | null;
}

interface AgentMessages {
  hello: Hello;
  heartbeat: { readonly timeMs: number };
  sessionRefused: { readonly session: string; readonly refusal: RefusalMessage | null };
  witnessAnswer: { readonly id: number; readonly cosignature: string; readonly refusal: RefusalMessage | null };
  cataloguePiece: CataloguePiece;
  renewRequest: { readonly csr: string };
  drain: { readonly reason: string };
  selfCheckReport: SelfCheckReport;
}

interface ControlMessages {
  welcome: Welcome;
  heartbeat: { readonly timeMs: number };
  openSession: OpenSession;
  witnessRequest: WitnessRequest;
  renewAnswer: { readonly certificate: string; readonly refusal: RefusalMessage | null };
  drain: { readonly reason: string };
  revoked: { readonly reason: string };
}

/** `{ message: 'hello', hello: {…} }`: the name of the part that is set, and that part. */
type OneOf<Messages> = {
  [Name in keyof Messages]: { readonly message: Name } & { readonly [N in Name]: Messages[Name] };
}[keyof Messages];

export type AgentMessage = OneOf<AgentMessages>;
export type ControlMessage = OneOf<ControlMessages>;
/** What arrived holds no known part when a newer peer sent one that this version does not know: ignored. */
export type Received<Message> = Message | { readonly message?: undefined };

export interface EnrolRequest {
  readonly keyId: string;
  readonly secret: string;
  readonly csr: string;
  readonly witnessKey: string;
  readonly agentVersion: string;
}

export interface EnrolResponse {
  readonly agentId: string;
  readonly certificate: string;
  readonly caCertificate: string;
  readonly logKey: string;
}

const isErrorCode = (code: string): code is ErrorCode => (errorCodes as readonly string[]).includes(code);

/** @returns the error that the other end put into words; a code of a newer version becomes INTERNAL */
export const errorOf = ({ code, message, hint }: RefusalMessage): GatewayError =>
  new GatewayError(isErrorCode(code) ? code : 'INTERNAL', message, hint === '' ? {} : { hint });

/** @returns what the other end may be told of an error */
export const refusalMessage = (error: unknown): RefusalMessage => ({ hint: '', ...refusalOf(error) });

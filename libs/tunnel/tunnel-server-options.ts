import type { AgentId, ProtocolName, SessionId } from '@sallyport/core';
import type { CatalogueSnapshot, SelfCheck } from '@sallyport/engine';
import type { Hello } from './messages.js';
import type { IntakeLimits } from './session-intake.js';
import type { ServerTls } from './transport.js';

/** What the control plane decides about agents. Each may reject with a GatewayError, which the agent is told. */
export interface TunnelHooks {
  /** Before each Link, and before each session is taken: is this certificate of this agent still good? */
  authorize(agentId: AgentId, serial: string): Promise<void>;
  hello(agentId: AgentId, hello: Hello): Promise<void>;
  catalogue(agentId: AgentId, target: string, database: string, snapshot: CatalogueSnapshot): void;
  selfCheck(agentId: AgentId, target: string, database: string, check: SelfCheck): void;
  /** @returns the new certificate, PEM */
  renew(agentId: AgentId, csr: string): Promise<string>;
  gone(agentId: AgentId): void;
}

export interface TunnelServerOptions {
  /** `host:port`; port 0 picks a free one. */
  readonly address: string;
  readonly tls: ServerTls;
  readonly hooks: TunnelHooks;
  readonly version: string;
  readonly log: (event: string, details: Readonly<Record<string, unknown>>) => void;
  readonly heartbeatMs?: number;
  /** How long an agent may go on with a session that the control plane has ended. */
  readonly lingerMs?: number;
  /** Of connections that carry sessions without HTTP/2; `false` takes none, and every session goes over gRPC. */
  readonly sessionConnections?: Partial<IntakeLimits> | false;
  readonly protocolRange?: { readonly min: number; readonly max: number };
}

export interface AgentView {
  readonly id: AgentId;
  readonly hello: Hello;
  readonly serial: string;
  readonly connectedAt: Date;
  readonly sessions: number;
  readonly draining: boolean;
}

export interface ReachRequest {
  readonly session: SessionId;
  readonly target: string;
  readonly protocol: ProtocolName;
  readonly database?: string;
}

export interface OpenRequest extends ReachRequest {
  /** Of the OPEN frame: the protocol's own. */
  readonly head: Uint8Array;
}

export interface WitnessQuestion {
  /** C2SP signed note. */
  readonly checkpoint: string;
  /** Consistency proof from the size that this witness has last vouched for. */
  readonly proof: readonly Uint8Array[];
  /** Bodies of `key.rotated`, JSON, that the witness may not know yet. */
  readonly rotations?: readonly string[];
}

export interface Wait {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { GatewayError } from '@sallyport/core';
import type { CatalogueSnapshot, Channel, SelfCheck } from '@sallyport/engine';
import { createAgentRequest } from './authority.js';
import { jitteredDelay } from './backoff.js';
import { belongsTogether, readCertificate, renewalDue } from './certificates.js';
import { type ConnectionEvents, ControlConnection } from './control-connection.js';
import { errorOf, type Hello, type OpenSession, type WitnessRequest } from './messages.js';
import { protocolRange } from './protocol-version.js';
import { within } from './serving.js';
import type { SpareLimits } from './session-connections.js';

/** PEM throughout. */
export interface AgentIdentity {
  readonly certificate: string;
  readonly privateKey: string;
  readonly ca: string;
}

export type HelloFacts = Omit<Hello, 'protocolMin' | 'protocolMax' | 'instance'>;

export interface AgentLinkOptions {
  readonly address: string;
  readonly serverName?: string | undefined;
  readonly identity: AgentIdentity;
  /** Asked at each dial. */
  readonly hello: () => HelloFacts | Promise<HelloFacts>;
  readonly admit: (request: OpenSession) => void;
  readonly serve: (channel: Channel, request: OpenSession) => Promise<void>;
  readonly cosign: (request: WitnessRequest) => Promise<string>;
  /** Keeps a renewed identity, durably, before it is used. */
  readonly keep: (identity: AgentIdentity) => Promise<void>;
  readonly connected?: () => void;
  readonly log: (event: string, details: Readonly<Record<string, unknown>>) => void;
  readonly dialTimeoutMs?: number;
  /** Of connections that carry sessions without HTTP/2. */
  readonly sessionConnections?: Partial<SpareLimits>;
  readonly random?: () => number;
  readonly protocolRange?: { readonly min: number; readonly max: number };
}

/** Reasons after which dialling again with the same certificate is no use. */
const finalCodes: ReadonlySet<string> = new Set(['FORBIDDEN', 'UNAUTHENTICATED']);
const maxTimerMs = 2_147_483_647;

/** The agent's end of the tunnel: stays connected, renews its certificate, serves the sessions that it is asked to open. */
export class AgentLink {
  /** Resolves when the link will not come back: undefined after `stop`, else why. */
  readonly finished: Promise<GatewayError | undefined>;
  private finish!: (error: GatewayError | undefined) => void;
  private readonly instance = randomBytes(16).toString('hex');
  private readonly stopping = new AbortController();
  private readonly connections = new Set<ControlConnection>();
  private current: ControlConnection | undefined;
  private identity: AgentIdentity;
  private renewal: NodeJS.Timeout | undefined;
  private renewing: string | undefined;
  private dialling = false;
  private stopped = false;

  constructor(private readonly options: AgentLinkOptions) {
    this.identity = options.identity;
    this.finished = new Promise((resolve) => {
      this.finish = resolve;
    });
  }

  start(): void {
    this.connect(0);
  }

  get isConnected(): boolean {
    return this.current !== undefined;
  }

  get openSessions(): number {
    return [...this.connections].reduce((sum, { openSessions }) => sum + openSessions, 0);
  }

  /** Sends a catalogue to the control plane; dropped while there is no link, since each new link begins with a survey. */
  publish(target: string, database: string, snapshot: CatalogueSnapshot): void {
    this.current?.publish(target, database, snapshot);
  }

  /** Dropped while there is no link, as catalogues are. */
  report(target: string, database: string, check: SelfCheck): void {
    this.current?.report(target, database, check);
  }

  /** Takes no new sessions, lets those that run end for a while, then ends. */
  async stop(graceMs: number): Promise<void> {
    this.stopped = true;
    this.current?.send({ message: 'drain', drain: { reason: 'the agent stops' } });
    await within(this.idle(), graceMs);
    this.end(undefined);
  }

  private async idle(): Promise<void> {
    while (this.openSessions > 0) await sleep(50);
  }

  private end(reason: GatewayError | undefined): void {
    this.stopped = true;
    this.stopping.abort();
    clearTimeout(this.renewal);
    for (const connection of this.connections)
      connection.destroy(reason ?? new GatewayError('SHUTTING_DOWN', 'the agent stops'));
    this.finish(reason);
  }

  // Make before break: a new connection takes over, the old one lives as long as its sessions.
  private connect(delayMs: number): void {
    if (this.dialling || this.stopped) return;
    this.dialling = true;
    void this.dialUntilConnected(delayMs)
      .catch((error: unknown) => {
        if (!this.stopped) this.end(asGatewayError(error));
      })
      .finally(() => {
        this.dialling = false;
      });
  }

  private async dialUntilConnected(firstDelayMs: number): Promise<void> {
    await sleep(firstDelayMs, undefined, { signal: this.stopping.signal });
    for (let attempt = 0; !this.stopped; attempt += 1) {
      try {
        return await this.dial();
      } catch (error) {
        const failure = asGatewayError(error);
        if (finalCodes.has(failure.code)) throw failure;
        const delayMs =
          failure.code === 'AGENT_INCOMPATIBLE' ? 30_000 : jitteredDelay(attempt, this.options.random ?? Math.random);
        this.options.log('link.dial-failed', { address: this.options.address, attempt, delayMs, error: failure });
        await sleep(delayMs, undefined, { signal: this.stopping.signal });
      }
    }
  }

  private async dial(): Promise<void> {
    const { address, serverName, dialTimeoutMs = 10_000, sessionConnections } = this.options;
    const { protocolRange: range = protocolRange } = this.options;
    this.refuseExpired();
    const facts = await this.options.hello();
    const hello = { ...facts, protocolMin: range.min, protocolMax: range.max, instance: this.instance };
    const { connection, welcome } = await ControlConnection.dial(
      { address, serverName, identity: this.identity, hello, timeoutMs: dialTimeoutMs, sessionConnections },
      this.events(),
    );
    if (this.stopped) return connection.destroy(new GatewayError('SHUTTING_DOWN', 'the agent stops'));
    this.takeOver(connection);
    this.options.log('link.connected', {
      address,
      agent: welcome.agentId,
      controlPlane: welcome.controlPlaneVersion,
      protocol: welcome.protocolVersion,
    });
  }

  private takeOver(connection: ControlConnection): void {
    const before = this.current;
    this.current = connection;
    this.connections.add(connection);
    void connection.lost.then((error) => this.lost(connection, error));
    before?.retire();
    this.scheduleRenewal();
    this.options.connected?.();
  }

  private lost(connection: ControlConnection, error: GatewayError): void {
    this.connections.delete(connection);
    if (this.stopped || connection !== this.current) return;
    this.current = undefined;
    clearTimeout(this.renewal);
    this.options.log('link.lost', { error });
    if (finalCodes.has(error.code)) this.end(error);
    else this.connect(jitteredDelay(0, this.options.random ?? Math.random)); // whoever lost it together comes back apart
  }

  private events(): ConnectionEvents {
    const { serve, cosign, log, admit } = this.options;
    return {
      admit: (request) => {
        if (this.stopped) throw new GatewayError('SHUTTING_DOWN', 'this agent stops');
        admit(request);
      },
      serve,
      cosign,
      log,
      renewed: (answer) => void this.renewed(answer),
      drain: (reason) => {
        log('link.draining', { reason });
        this.connect(jitteredDelay(0, this.options.random ?? Math.random));
      },
    };
  }

  private refuseExpired(): void {
    const { notAfter } = readCertificate(this.identity.certificate);
    if (notAfter > new Date()) return;
    throw new GatewayError('UNAUTHENTICATED', `the agent's certificate expired at ${notAfter.toISOString()}`, {
      hint: 'enrol the agent again with a new key',
    });
  }

  private scheduleRenewal(
    delayMs = renewalDue(this.identity.certificate, this.options.random ?? Math.random).getTime() - Date.now(),
  ): void {
    clearTimeout(this.renewal);
    this.renewal = setTimeout(() => void this.renew(), Math.min(Math.max(delayMs, 0), maxTimerMs));
  }

  private async renew(): Promise<void> {
    const { csr, privateKey } = await createAgentRequest();
    this.renewing = privateKey;
    this.current?.send({ message: 'renewRequest', renewRequest: { csr } });
    this.scheduleRenewal(this.retryDelay()); // for when no answer comes
  }

  private async renewed({
    certificate,
    refusal,
  }: {
    certificate: string;
    refusal: Parameters<typeof errorOf>[0] | null;
  }): Promise<void> {
    const privateKey = this.renewing;
    try {
      if (refusal !== null) throw errorOf(refusal);
      if (privateKey === undefined || !belongsTogether(certificate, this.identity.ca, privateKey))
        throw new GatewayError('PROTOCOL_VIOLATION', 'the renewed certificate is not for this agent');
      this.renewing = undefined;
      const identity = { ...this.identity, certificate, privateKey };
      await this.options.keep(identity);
      this.identity = identity;
      this.options.log('certificate.renewed', { notAfter: readCertificate(certificate).notAfter.toISOString() });
      this.connect(0);
    } catch (error) {
      this.options.log('certificate.not-renewed', { error });
      this.scheduleRenewal(this.retryDelay());
    }
  }

  /** A tenth of what is left, between one second and ten minutes. */
  private retryDelay(): number {
    const left = readCertificate(this.identity.certificate).notAfter.getTime() - Date.now();
    return Math.min(Math.max(left / 10, 1_000), 600_000);
  }
}

const asGatewayError = (error: unknown): GatewayError =>
  error instanceof GatewayError
    ? error
    : new GatewayError('INTERNAL', 'the link to the control plane failed', { cause: error });

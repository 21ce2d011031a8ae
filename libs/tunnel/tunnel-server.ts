import { randomBytes } from 'node:crypto';
import type { ServerHttp2Session } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { Metadata, Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { type AgentId, GatewayError, type ProtocolName } from '@sallyport/core';
import { type Channel, FrameKind } from '@sallyport/engine';
import { AgentConnection, type LinkCall, type LinkEvents } from './agent-connection.js';
import type { AgentCertificate } from './certificates.js';
import { firstHello } from './first-hello.js';
import { Grouped } from './grouped.js';
import { TunnelListener } from './listener.js';
import type { AgentMessage, Hello, Received } from './messages.js';
import { Openings } from './openings.js';
import { peerOf } from './peer.js';
import { commonVersion, protocolRange } from './protocol-version.js';
import { tunnelService } from './service.js';
import { within } from './serving.js';
import { type IntakeHooks, SessionIntake } from './session-intake.js';
import { statusOf } from './status.js';
import { type ByteStream, StreamChannel } from './stream-channel.js';
import { claimOf, type StreamEnd, serverCallEnd, sessionStreamEnd } from './stream-ends.js';
import { connectionOf, type ServerTls, serverOptions, widenWindows } from './transport.js';
import type {
  AgentView,
  OpenRequest,
  ReachRequest,
  TunnelServerOptions,
  Wait,
  WitnessQuestion,
} from './tunnel-server-options.js';

type SessionCall = ServerDuplexStream<Buffer, Buffer>;

const empty = new Uint8Array(0);

/** The control plane's end of the tunnel: agents dial in, sessions are opened through them. */
export class TunnelServer {
  private readonly server = new Server(serverOptions);
  private readonly listener: TunnelListener;
  private readonly intake: SessionIntake | undefined;
  private readonly links = new Map<AgentId, AgentConnection>();
  private readonly connections = new Grouped<AgentId, ServerHttp2Session>();
  private readonly sessions = new Grouped<AgentId, StreamChannel>();
  private readonly openings = new Openings();
  private draining = false;
  private boundPort = 0;

  constructor(private readonly options: TunnelServerOptions) {
    const intake = this.intakeOf(options);
    this.intake = intake;
    const grpc = this.server.createConnectionInjector(ServerCredentials.createInsecure()); // TLS is the listener's
    this.listener = new TunnelListener(options.tls, {
      grpc: (socket) => grpc.injectConnection(socket),
      sessions: intake && ((socket) => intake.accept(socket)),
    });
    this.server.addService(tunnelService, {
      link: (call: LinkCall) => void this.link(call),
      session: (call: SessionCall) => void this.session(call),
    });
  }

  async listen(): Promise<void> {
    this.boundPort = await this.listener.listen(this.options.address);
  }

  get port(): number {
    return this.boundPort;
  }

  agents(): AgentView[] {
    return [...this.links.values()].map((link) => ({
      id: link.id,
      hello: link.hello,
      serial: link.certificate.serial,
      connectedAt: link.connectedAt,
      sessions: this.loadOf(link.id),
      draining: link.draining,
    }));
  }

  agentsServing(target: string, protocol: ProtocolName): AgentId[] {
    return [...this.links.values()].filter((link) => link.serves(target, protocol)).map(({ id }) => id);
  }

  /** Agents that dial from now on are shown this certificate. */
  replaceCertificate(tls: ServerTls): void {
    this.listener.replaceCertificate(tls);
  }

  /**
   * Opens a session through the least loaded agent that serves the target; an agent that drains, goes away or does not
   * answer in half the time is passed over for the next. The OPEN frame has been written when it resolves.
   * @throws AGENT_OFFLINE, AGENT_LOST, TIMED_OUT, SHUTTING_DOWN, what the agent answers (TARGET_UNKNOWN …), or the signal's reason
   */
  async open(request: OpenRequest, wait: Wait): Promise<Channel> {
    return opened(await this.reach(request, wait), request.head);
  }

  /** The same without the OPEN frame: the way is there, and the agent has touched nothing yet. See `opened`. */
  async reach(request: ReachRequest, { timeoutMs, signal }: Wait): Promise<Channel> {
    const deadline = Date.now() + timeoutMs;
    const tried = new Set<AgentId>();
    let failure: GatewayError | undefined;
    for (;;) {
      const [link, other] = this.candidates(request, tried);
      if (link === undefined) throw failure ?? offline(request);
      tried.add(link.id);
      const left = deadline - Date.now();
      try {
        return await this.openThrough(link, request, { timeoutMs: other === undefined ? left : left / 2, signal });
      } catch (error) {
        if (!(error instanceof GatewayError) || !passesOn.has(error.code) || signal?.aborted) throw error;
        failure = error;
      }
    }
  }

  /** Ends every stream and connection of an agent, at once. */
  disconnect(agentId: AgentId, reason: string): void {
    const link = this.links.get(agentId);
    if (link !== undefined) link.draining = true;
    link?.send({ message: 'revoked', revoked: { reason } });
    this.loseSessions(agentId, 'the agent was disconnected');
    // One turn later, so that the reason is on its way first; whatever the agent still sends finds no session.
    setImmediate(() => {
      this.links.get(agentId)?.destroy(reason);
      for (const connection of this.connections.of(agentId)) connection.destroy();
      this.intake?.disconnect(agentId);
    });
  }

  /**
   * @returns the signature line of the agent's witness (C2SP cosignature/v1)
   * @throws EVIDENCE_INCONSISTENT when it refuses; AGENT_OFFLINE, AGENT_LOST, TIMED_OUT
   */
  cosign(agentId: AgentId, question: WitnessQuestion, timeoutMs = 10_000): Promise<string> {
    const link = this.links.get(agentId);
    if (link === undefined) return Promise.reject(new GatewayError('AGENT_OFFLINE', 'the agent is not connected'));
    const { checkpoint, proof, rotations = [] } = question;
    return link.cosign({ checkpoint, proof: proof.map((hash) => Buffer.from(hash)), rotations }, timeoutMs);
  }

  /** Sends agents elsewhere, lets sessions end for a while, then ends what is left. */
  async drain(graceMs: number): Promise<void> {
    this.draining = true;
    for (const link of this.links.values())
      link.send({ message: 'drain', drain: { reason: 'the control plane shuts down' } });
    const running = this.sessions.all().map(({ closed }) => closed);
    await within(Promise.all(running), graceMs);
    this.close();
  }

  /** At once. */
  close(): void {
    this.draining = true;
    const error = new GatewayError('SHUTTING_DOWN', 'the control plane shuts down');
    for (const channel of this.sessions.all()) channel.destroy(error);
    this.openings.abandon(error);
    for (const link of this.links.values()) link.destroy('the control plane shuts down');
    this.server.forceShutdown();
    this.listener.close();
  }

  private candidates({ target, protocol }: ReachRequest, tried: ReadonlySet<AgentId>): AgentConnection[] {
    if (this.draining)
      throw new GatewayError('SHUTTING_DOWN', 'this replica of the control plane shuts down', {
        hint: 'connect again',
      });
    return [...this.links.values()]
      .filter((link) => !tried.has(link.id) && link.serves(target, protocol))
      .sort((a, b) => this.loadOf(a.id) - this.loadOf(b.id));
  }

  private loadOf(agentId: AgentId): number {
    return this.openings.countOf(agentId) + this.sessions.sizeOf(agentId);
  }

  private openThrough(link: AgentConnection, request: ReachRequest, wait: Wait): Promise<StreamChannel> {
    const { session, target, protocol, database = '' } = request;
    const timeoutMs = Math.max(1, Math.floor(wait.timeoutMs));
    const ask = (token: Buffer): void =>
      link.send({ message: 'openSession', openSession: { session, token, target, protocol, timeoutMs, database } });
    return this.openings.begin({ agent: link.id, session, timeoutMs, signal: wait.signal, ask });
  }

  private async link(call: LinkCall): Promise<void> {
    call.on('error', () => undefined);
    try {
      const certificate = await this.admit(call);
      const hello = await firstHello(call);
      const version = commonVersion(
        { min: hello.protocolMin, max: hello.protocolMax },
        this.options.protocolRange ?? protocolRange,
      );
      await this.options.hooks.hello(certificate.agentId, hello);
      if (call.cancelled) return;
      this.welcome(call, certificate, hello, version);
    } catch (error) {
      this.options.log('agent.refused', { peer: call.getPeer(), error });
      call.emit('error', statusOf(error));
    }
  }

  private welcome(call: LinkCall, certificate: AgentCertificate, hello: Hello, version: number): void {
    const { heartbeatMs = 5_000, version: controlPlaneVersion, log } = this.options;
    const { agentId } = certificate;
    const before = this.links.get(agentId);
    const link: AgentConnection = new AgentConnection(
      call,
      { certificate, hello },
      this.eventsOf(agentId, () => link),
      heartbeatMs,
    );
    this.links.set(agentId, link);
    // The same process has dialled anew: its sessions run on. Another process means that the first one has died.
    if (before !== undefined && before.hello.instance !== hello.instance) {
      this.loseSessions(agentId, 'the agent was started anew');
      before.destroy('replaced');
    }
    call.on('data', (message: Received<AgentMessage>) => link.receive(message));
    call.resume();
    const sessionConnections = this.intake?.replica ?? '';
    link.send({
      message: 'welcome',
      welcome: { controlPlaneVersion, protocolVersion: version, heartbeatMs, agentId, sessionConnections },
    });
    log('agent.connected', {
      agent: agentId,
      version: hello.agentVersion,
      targets: hello.targets.map(({ alias }) => alias),
    });
  }

  private eventsOf(agentId: AgentId, link: () => AgentConnection): LinkEvents {
    const { hooks, log } = this.options;
    return {
      catalogue: (target, database, snapshot) => hooks.catalogue(agentId, target, database, snapshot),
      selfCheck: (target, database, check) => hooks.selfCheck(agentId, target, database, check),
      renew: (csr) => hooks.renew(agentId, csr),
      sessionRefused: (session, error) => this.openings.refused(agentId, session, error),
      closed: () => {
        if (this.links.get(agentId) !== link()) return;
        this.links.delete(agentId);
        this.loseSessions(agentId, 'the agent went away');
        hooks.gone(agentId);
      },
      log,
    };
  }

  private loseSessions(agentId: AgentId, message: string): void {
    const lost = new GatewayError('AGENT_LOST', message, {
      hint: 'connect again; what was under way may or may not have run',
    });
    this.openings.abandon(lost, agentId);
    for (const channel of this.sessions.of(agentId)) channel.destroy(lost);
  }

  /** A session over gRPC: of an agent that knows no session connections, or has none just now. */
  private async session(call: SessionCall): Promise<void> {
    call.on('error', () => undefined);
    try {
      const { agentId } = await this.admit(call);
      const opened = this.openings.claim(agentId, claimOf(call.metadata));
      call.sendMetadata(new Metadata());
      opened(this.take(agentId, call, serverCallEnd(call)));
    } catch (error) {
      this.options.log('session.stream-refused', { peer: call.getPeer(), error });
      call.emit('error', statusOf(error));
    }
  }

  private intakeOf({ sessionConnections: limits, log }: TunnelServerOptions): SessionIntake | undefined {
    if (limits === false) return undefined;
    const hooks: IntakeHooks = {
      admit: (certificate) => this.authorize(certificate),
      claim: (agentId, claim) => {
        const opened = this.openings.claim(agentId, claim);
        return (stream) => opened(this.take(agentId, stream, sessionStreamEnd(stream)));
      },
      log,
    };
    return new SessionIntake(randomBytes(16).toString('hex'), hooks, limits);
  }

  private take(agentId: AgentId, stream: ByteStream, end: StreamEnd): StreamChannel {
    const { lingerMs = 30_000 } = this.options;
    const channel = new StreamChannel(stream, { ...end, lost: agentLost, lingerMs });
    this.track(agentId, channel);
    channel.open();
    return channel;
  }

  private track(agentId: AgentId, channel: StreamChannel): void {
    this.sessions.add(agentId, channel);
    void channel.closed.then(() => this.sessions.delete(agentId, channel));
  }

  /** Who calls, and may he? His connection is known from before the question, so that a revocation in between ends it. */
  private async admit(call: LinkCall | SessionCall): Promise<AgentCertificate> {
    const connection = connectionOf(call);
    if (connection === undefined) throw new GatewayError('CANCELLED', 'the agent did not wait');
    const certificate = peerOf(connection.socket as TLSSocket, new Date());
    this.remember(certificate.agentId, connection);
    await this.authorize(certificate);
    if (call.cancelled) throw new GatewayError('CANCELLED', 'the agent did not wait');
    return certificate;
  }

  private async authorize({ agentId, serial }: AgentCertificate): Promise<void> {
    if (this.draining) throw new GatewayError('SHUTTING_DOWN', 'this replica of the control plane shuts down');
    await this.options.hooks.authorize(agentId, serial);
  }

  private remember(agentId: AgentId, connection: ServerHttp2Session): void {
    if (!this.connections.add(agentId, connection)) return;
    widenWindows(connection);
    connection.once('close', () => this.connections.delete(agentId, connection));
  }
}

/** Says what to open on a way that has been reached: now the agent dials its target. */
export function opened(channel: Channel, head: Uint8Array): Channel {
  channel.write({ kind: FrameKind.OPEN, exchange: 0, head, body: empty });
  return channel;
}

/** Failures after which another agent may still open the session: nothing has reached the target yet. */
const passesOn: ReadonlySet<string> = new Set(['AGENT_LOST', 'SHUTTING_DOWN', 'TIMED_OUT']);

const offline = ({ target }: ReachRequest): GatewayError =>
  new GatewayError('AGENT_OFFLINE', `no agent that serves "${target}" is connected`, {
    hint: 'ask an administrator to look at the agent',
  });

const agentLost = (cause: unknown): GatewayError =>
  new GatewayError('AGENT_LOST', 'the agent went away', {
    cause,
    hint: 'connect again; what was under way may or may not have run',
  });

import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import { GatewayError } from '@sallyport/core';
import type { CatalogueSnapshot, Channel, SelfCheck } from '@sallyport/engine';
import { splitAddress } from './address.js';
import { cutCatalogue } from './catalogue-transfer.js';
import { Heart } from './heart.js';
import {
  type AgentMessage,
  type ControlMessage,
  type Hello,
  type OpenSession,
  type Received,
  refusalMessage,
  type Welcome,
  type WitnessRequest,
} from './messages.js';
import { protocolRange } from './protocol-version.js';
import { reportOf } from './self-check-report.js';
import { Client, linkMethod, sessionMethod } from './service.js';
import { SessionConnections, type SpareLimits } from './session-connections.js';
import { reasonOf } from './status.js';
import { type ByteStream, StreamChannel } from './stream-channel.js';
import { claimMetadata, clientCallEnd, type StreamEnd, sessionStreamEnd } from './stream-ends.js';
import { agentContext, agentCredentials, clientOptions } from './transport.js';

export interface DialOptions {
  /** `host:port` of the tunnel. */
  readonly address: string;
  /** The name that the server's certificate must carry, where it is not the address's host. */
  readonly serverName?: string | undefined;
  readonly identity: { readonly certificate: string; readonly privateKey: string; readonly ca: string };
  readonly hello: Hello;
  readonly timeoutMs: number;
  /** Of connections that carry sessions without HTTP/2. */
  readonly sessionConnections?: Partial<SpareLimits> | undefined;
}

/** What an agent does with what arrives on its link. */
export interface ConnectionEvents {
  /** Checks a request before anything is opened. Throws a GatewayError to refuse it. */
  admit(request: OpenSession): void;
  /** Serves one session until either end has gone. */
  serve(channel: Channel, request: OpenSession): Promise<void>;
  cosign(request: WitnessRequest): Promise<string>;
  renewed(answer: Extract<ControlMessage, { message: 'renewAnswer' }>['renewAnswer']): void;
  drain(reason: string): void;
  log(event: string, details: Readonly<Record<string, unknown>>): void;
}

type LinkCall = ClientDuplexStream<AgentMessage, Received<ControlMessage>>;

/** One connection of an agent to one replica of the control plane: its Link stream and the sessions opened on it. */
export class ControlConnection {
  /** Resolves with the reason when the link has ended. */
  readonly lost: Promise<GatewayError>;
  private readonly sessions = new Set<StreamChannel>();
  private readonly client: InstanceType<typeof Client>;
  private readonly call: LinkCall;
  private heart: Heart | undefined;
  private settleLost!: (error: GatewayError) => void;
  private over = false;
  private retired = false;
  /** Sessions that the control plane has not taken yet. */
  private opening = 0;
  private sessionConnections: SessionConnections | undefined;
  private revoked: GatewayError | undefined;
  private publishing: Promise<void> = Promise.resolve();

  private constructor(
    private readonly options: DialOptions,
    private readonly events: ConnectionEvents,
  ) {
    const { address, serverName, identity } = options;
    this.client = new Client(address, agentCredentials(identity.ca, identity), {
      ...clientOptions,
      ...(serverName === undefined
        ? {}
        : { 'grpc.ssl_target_name_override': serverName, 'grpc.default_authority': serverName }),
    });
    this.lost = new Promise((resolve) => {
      this.settleLost = resolve;
    });
    this.call = this.client.makeBidiStreamRequest(
      linkMethod.path,
      linkMethod.requestSerialize,
      linkMethod.responseDeserialize,
    );
  }

  /**
   * Dials, says hello and waits to be welcomed.
   * @throws what the control plane answers; AGENT_OFFLINE when it cannot be reached; TIMED_OUT
   */
  static async dial(
    options: DialOptions,
    events: ConnectionEvents,
  ): Promise<{ connection: ControlConnection; welcome: Welcome }> {
    const connection = new ControlConnection(options, events);
    const welcome = await connection.begin();
    return { connection, welcome };
  }

  get openSessions(): number {
    return this.sessions.size + this.opening;
  }

  send(message: AgentMessage): void {
    if (!this.over) this.call.write(message);
  }

  report(target: string, database: string, check: SelfCheck): void {
    this.send({ message: 'selfCheckReport', selfCheckReport: reportOf(target, database, check) });
  }

  /** One piece after the other, each after the last has left, so that other messages pass between them. */
  publish(target: string, database: string, snapshot: CatalogueSnapshot): void {
    this.publishing = this.publishing.then(async () => {
      for (const cataloguePiece of cutCatalogue(target, database, snapshot)) {
        if (this.over) return;
        await Promise.race([this.written({ message: 'cataloguePiece', cataloguePiece }), this.lost]);
      }
    });
    this.publishing.catch((error: unknown) => this.events.log('catalogue.not-sent', { target, database, error }));
    this.publishing = this.publishing.catch(() => undefined);
  }

  /** Another connection has taken over: this one lives as long as its sessions. */
  retire(): void {
    this.retired = true;
    this.sessionConnections?.retire();
    this.closeWhenIdle();
  }

  /** Ends the link and every session on it. */
  destroy(error: GatewayError): void {
    if (this.over) return;
    this.over = true;
    this.heart?.stop();
    for (const channel of this.sessions) channel.destroy(error);
    this.sessionConnections?.close();
    this.call.cancel();
    this.client.close();
    this.settleLost(error);
  }

  private begin(): Promise<Welcome> {
    return new Promise((resolve, reject) => {
      const fail = (error: GatewayError): void => {
        clearTimeout(timer);
        this.destroy(error);
        reject(error);
      };
      const timer = setTimeout(
        () => fail(new GatewayError('TIMED_OUT', `the control plane at "${this.options.address}" did not answer`)),
        this.options.timeoutMs,
      );
      this.call.on('error', (error: ServiceError) =>
        fail(this.revoked ?? reasonOf(error) ?? unreachable(this.options.address, error)),
      );
      this.call.on('end', () => fail(this.revoked ?? unreachable(this.options.address, undefined)));
      this.call.on('data', (message: Received<ControlMessage>) => {
        this.heart?.heard();
        if (message.message !== 'welcome') return this.receive(message);
        clearTimeout(timer);
        this.welcomed(message.welcome, resolve, fail);
      });
      this.send({ message: 'hello', hello: this.options.hello });
    });
  }

  private welcomed(welcome: Welcome, resolve: (welcome: Welcome) => void, fail: (error: GatewayError) => void): void {
    const { protocolVersion } = welcome;
    if (this.heart !== undefined) return;
    if (protocolVersion < protocolRange.min || protocolVersion > protocolRange.max) {
      fail(
        new GatewayError(
          'AGENT_INCOMPATIBLE',
          `the control plane chose tunnel version ${protocolVersion}, which this agent does not speak`,
        ),
      );
      return;
    }
    this.heart = new Heart(
      Math.max(100, welcome.heartbeatMs),
      () => this.send({ message: 'heartbeat', heartbeat: { timeMs: Date.now() } }),
      () => this.destroy(new GatewayError('TIMED_OUT', 'the control plane has been silent')),
    );
    this.sessionConnections = this.connectionsTo(welcome.sessionConnections);
    this.sessionConnections?.prepare();
    resolve(welcome);
  }

  /** @param replica as it names itself; empty when it takes no session connections */
  private connectionsTo(replica: string): SessionConnections | undefined {
    if (replica === '') return undefined;
    const { address, serverName, identity, sessionConnections: limits } = this.options;
    return new SessionConnections({
      ...splitAddress(this.call.getPeer()), // where the link is: a name may stand for several replicas
      serverName: serverName ?? splitAddress(address).host,
      context: agentContext(identity.ca, identity),
      replica,
      limits,
      log: (event, details) => this.events.log(event, details),
    });
  }

  private receive(message: Received<ControlMessage>): void {
    switch (message.message) {
      case 'openSession':
        this.opened(message.openSession);
        break;
      case 'witnessRequest':
        void this.witness(message.witnessRequest);
        break;
      case 'renewAnswer':
        this.events.renewed(message.renewAnswer);
        break;
      case 'drain':
        this.events.drain(message.drain.reason);
        break;
      case 'revoked':
        this.revoked = new GatewayError(
          'FORBIDDEN',
          `the control plane has revoked this agent: ${message.revoked.reason}`,
          { hint: 'enrol it again with a new key' },
        );
        this.destroy(this.revoked);
        break;
      default: // a heartbeat, or what a newer control plane says
    }
  }

  private opened(request: OpenSession): void {
    try {
      this.events.admit(request);
    } catch (error) {
      this.events.log('session.refused', { session: request.session, target: request.target, error });
      this.send({
        message: 'sessionRefused',
        sessionRefused: { session: request.session, refusal: refusalMessage(error) },
      });
      return;
    }
    void this.open(request);
  }

  private async open(request: OpenSession): Promise<void> {
    this.opening += 1;
    try {
      const channel = (await this.claim(request)) ?? this.openStream(request);
      if (this.over) channel.destroy(new GatewayError('SESSION_ENDED', 'the link to the control plane has ended'));
      void this.serve(channel, request);
    } catch (error) {
      this.events.log('session.failed', { session: request.session, target: request.target, error });
    } finally {
      this.opening -= 1;
      this.closeWhenIdle();
    }
  }

  private async claim(request: OpenSession): Promise<StreamChannel | undefined> {
    return await this.sessionConnections?.claim(request, (stream) => {
      const channel = this.channelOver(stream, sessionStreamEnd(stream));
      channel.open();
      return channel;
    });
  }

  /** Over gRPC: where the control plane knows no session connections, or none can be had. */
  private openStream(request: OpenSession): StreamChannel {
    const { path, requestSerialize, responseDeserialize } = sessionMethod;
    const call = this.client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, claimMetadata(request));
    const channel = this.channelOver(call, clientCallEnd(call));
    const timer = setTimeout(
      () => channel.destroy(new GatewayError('TIMED_OUT', 'the control plane did not take the session')),
      request.timeoutMs,
    );
    call.once('metadata', () => {
      clearTimeout(timer);
      channel.open();
    });
    void channel.closed.then(() => clearTimeout(timer));
    return channel;
  }

  private channelOver(stream: ByteStream, end: StreamEnd): StreamChannel {
    const channel = new StreamChannel(stream, {
      ...end,
      lost: (cause) => new GatewayError('SESSION_ENDED', 'the control plane ended the session', { cause }),
      lingerMs: 30_000,
    });
    this.sessions.add(channel);
    void channel.closed.then(() => {
      this.sessions.delete(channel);
      this.closeWhenIdle();
    });
    return channel;
  }

  private async serve(channel: StreamChannel, request: OpenSession): Promise<void> {
    try {
      await this.events.serve(channel, request);
      channel.end();
    } catch (error) {
      this.events.log('session.failed', { session: request.session, target: request.target, error });
      channel.closeWith(error);
    }
  }

  private async witness(request: WitnessRequest): Promise<void> {
    const { id } = request;
    try {
      const cosignature = await this.events.cosign(request);
      this.send({ message: 'witnessAnswer', witnessAnswer: { id, cosignature, refusal: null } });
    } catch (error) {
      this.events.log('witness.refused', { error });
      this.send({ message: 'witnessAnswer', witnessAnswer: { id, cosignature: '', refusal: refusalMessage(error) } });
    }
  }

  private written(message: AgentMessage): Promise<void> {
    return new Promise((resolve, reject) => {
      this.call.write(message, (error?: Error | null) => (error ? reject(error) : resolve()));
    });
  }

  private closeWhenIdle(): void {
    if (this.retired && this.openSessions === 0)
      this.destroy(new GatewayError('SESSION_ENDED', 'this connection has been replaced'));
  }
}

const unreachable = (address: string, cause: ServiceError | undefined): GatewayError =>
  new GatewayError('AGENT_OFFLINE', `the control plane at "${address}" cannot be reached`, {
    ...(cause === undefined ? {} : { cause, details: { reason: cause.details } }),
    hint: 'check control_plane.address, the network, and that the certificate names this address',
  });

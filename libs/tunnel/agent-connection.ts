import type { ServerDuplexStream } from '@grpc/grpc-js';
import { type AgentId, GatewayError } from '@sallyport/core';
import type { CatalogueSnapshot, SelfCheck } from '@sallyport/engine';
import { CatalogueAssembly } from './catalogue-transfer.js';
import type { AgentCertificate } from './certificates.js';
import { Heart } from './heart.js';
import {
  type AgentMessage,
  type ControlMessage,
  errorOf,
  type Hello,
  type OpenSession,
  type Received,
  refusalMessage,
  type SelfCheckReport,
  type WitnessRequest,
} from './messages.js';
import { selfCheckOf } from './self-check-report.js';
import { statusOf } from './status.js';
import { connectionOf } from './transport.js';

export type LinkCall = ServerDuplexStream<Received<AgentMessage>, ControlMessage>;

/** What the tunnel server does for one link. */
export interface LinkEvents {
  catalogue(target: string, database: string, snapshot: CatalogueSnapshot): void;
  selfCheck(target: string, database: string, check: SelfCheck): void;
  renew(csr: string): Promise<string>;
  sessionRefused(session: string, error: GatewayError): void;
  closed(): void;
  log(event: string, details: Readonly<Record<string, unknown>>): void;
}

interface Question {
  readonly resolve: (cosignature: string) => void;
  readonly reject: (error: GatewayError) => void;
}

const maxTimerMs = 2_147_483_647;
/** Messages that may wait for a slow agent; far above what a link needs between two heartbeats. */
const maxWaitingMessages = 4096;

/** The control plane's end of one Link stream, from its hello on. */
export class AgentConnection {
  readonly certificate: AgentCertificate;
  readonly hello: Hello;
  readonly connectedAt = new Date();
  draining = false;
  private readonly heart: Heart;
  private readonly catalogues = new CatalogueAssembly();
  private readonly questions = new Map<number, Question>();
  private readonly expiry: NodeJS.Timeout;
  private lastQuestion = 0;
  private over = false;

  constructor(
    private readonly call: LinkCall,
    { certificate, hello }: { readonly certificate: AgentCertificate; readonly hello: Hello },
    private readonly events: LinkEvents,
    heartbeatMs: number,
  ) {
    this.certificate = certificate;
    this.hello = hello;
    this.heart = new Heart(
      heartbeatMs,
      () => this.send({ message: 'heartbeat', heartbeat: { timeMs: Date.now() } }),
      () => this.destroy('no heartbeat'),
    );
    const left = certificate.notAfter.getTime() - Date.now();
    this.expiry = setTimeout(() => this.refuse(expired()), Math.min(left, maxTimerMs));
    call.on('end', () => this.close());
    call.on('cancelled', () => this.close());
    call.on('error', () => this.close());
  }

  get id(): AgentId {
    return this.certificate.agentId;
  }

  serves(target: string, protocol: string): boolean {
    return !this.draining && this.hello.targets.some((offer) => offer.alias === target && offer.protocol === protocol);
  }

  send(message: ControlMessage): void {
    if (this.over) return;
    if (this.call.writableLength > maxWaitingMessages) this.destroy('the agent does not read its link');
    else this.call.write(message);
  }

  openSession(openSession: OpenSession): void {
    this.send({ message: 'openSession', openSession });
  }

  /** @throws what the agent answers when it refuses; AGENT_LOST; TIMED_OUT */
  cosign(question: Omit<WitnessRequest, 'id'>, timeoutMs: number): Promise<string> {
    if (this.over) return Promise.reject(new GatewayError('AGENT_LOST', 'the agent is not connected'));
    this.lastQuestion += 1;
    const id = this.lastQuestion;
    return new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => reject(new GatewayError('TIMED_OUT', 'the witness did not answer')), timeoutMs);
      this.questions.set(id, { resolve, reject });
      timer.unref();
      this.send({ message: 'witnessRequest', witnessRequest: { id, ...question } });
    }).finally(() => this.questions.delete(id));
  }

  receive(message: Received<AgentMessage>): void {
    this.heart.heard();
    try {
      this.take(message);
    } catch (error) {
      this.refuse(error);
    }
  }

  /** Tells the agent why, then ends the link. */
  refuse(error: unknown): void {
    if (this.over) return;
    this.events.log('agent.link-refused', { agent: this.id, error });
    this.call.emit('error', statusOf(error));
    this.close();
  }

  /** Ends the whole connection, every session of it included. */
  destroy(reason: string): void {
    if (this.over) return;
    this.events.log('agent.disconnected', { agent: this.id, reason });
    const connection = connectionOf(this.call);
    this.close();
    connection?.destroy();
  }

  private take(message: Received<AgentMessage>): void {
    switch (message.message) {
      case 'sessionRefused': {
        const { session, refusal } = message.sessionRefused;
        this.events.sessionRefused(session, errorOf(refusal ?? unexplained));
        break;
      }
      case 'witnessAnswer':
        this.answered(message.witnessAnswer);
        break;
      case 'cataloguePiece':
        this.takePiece(message.cataloguePiece);
        break;
      case 'selfCheckReport':
        this.takeReport(message.selfCheckReport);
        break;
      case 'renewRequest':
        void this.renew(message.renewRequest.csr);
        break;
      case 'drain':
        this.draining = true;
        this.events.log('agent.draining', { agent: this.id, reason: message.drain.reason });
        break;
      case 'hello':
        throw new GatewayError('PROTOCOL_VIOLATION', 'tunnel: a second hello on one link');
      default: // a heartbeat, or what a newer agent says
    }
  }

  private answered({
    id,
    cosignature,
    refusal,
  }: Extract<AgentMessage, { message: 'witnessAnswer' }>['witnessAnswer']): void {
    const question = this.questions.get(id);
    if (refusal === null) question?.resolve(cosignature);
    else question?.reject(errorOf(refusal));
  }

  private takePiece(piece: Extract<AgentMessage, { message: 'cataloguePiece' }>['cataloguePiece']): void {
    if (!this.hello.targets.some((offer) => offer.alias === piece.target))
      throw new GatewayError('PROTOCOL_VIOLATION', 'tunnel: a catalogue of a target that was not offered');
    const snapshot = this.catalogues.add(piece);
    if (snapshot !== undefined) this.events.catalogue(piece.target, piece.database, snapshot);
  }

  private takeReport(report: SelfCheckReport): void {
    const { target, database } = report;
    const offer = this.hello.targets.find(({ alias }) => alias === target);
    if (offer?.databases.includes(database) !== true)
      throw new GatewayError('PROTOCOL_VIOLATION', 'tunnel: a self-check of a database that was not offered');
    this.events.selfCheck(target, database, selfCheckOf(report));
  }

  private async renew(csr: string): Promise<void> {
    try {
      this.send({ message: 'renewAnswer', renewAnswer: { certificate: await this.events.renew(csr), refusal: null } });
    } catch (error) {
      this.events.log('agent.renewal-refused', { agent: this.id, error });
      this.send({ message: 'renewAnswer', renewAnswer: { certificate: '', refusal: refusalMessage(error) } });
    }
  }

  private close(): void {
    if (this.over) return;
    this.over = true;
    this.heart.stop();
    clearTimeout(this.expiry);
    for (const { reject } of this.questions.values()) reject(new GatewayError('AGENT_LOST', 'the agent went away'));
    this.call.end();
    this.events.closed();
  }
}

const unexplained = { code: 'INTERNAL', message: 'the agent gave no reason', hint: '' };
const expired = (): GatewayError =>
  new GatewayError('UNAUTHENTICATED', 'the certificate has expired', { hint: 'enrol the agent again' });

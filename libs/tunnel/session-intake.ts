import type { TLSSocket } from 'node:tls';
import { type AgentId, GatewayError } from '@sallyport/core';
import type { AgentCertificate } from './certificates.js';
import { Grouped } from './grouped.js';
import { refusalMessage, type SessionClaim } from './messages.js';
import { peerOf, unexpired } from './peer.js';
import { refusal, sessionClaim, sessionReady } from './service.js';
import { deaf, SessionConnection } from './session-connection.js';
import { SessionMessage, violation } from './session-messages.js';
import { SessionStream } from './session-stream.js';

/** What the tunnel server does for connections of sessions. */
export interface IntakeHooks {
  /** @throws a GatewayError when this agent may open nothing, now */
  admit(certificate: AgentCertificate): Promise<void>;
  /**
   * @returns what takes the stream; nothing has been said to the agent yet
   * @throws FORBIDDEN when the claim is not good
   */
  claim(agentId: AgentId, claim: SessionClaim): (stream: SessionStream) => void;
  log(event: string, details: Readonly<Record<string, unknown>>): void;
}

export interface IntakeLimits {
  /** Connections of one agent that carry no session. */
  readonly idlePerAgent: number;
  /** How long a connection may carry none. */
  readonly idleMs: number;
  /** How long a claim may take to arrive, once it has begun. */
  readonly claimMs: number;
}

const usual: IntakeLimits = { idlePerAgent: 64, idleMs: 600_000, claimMs: 10_000 };
/** For a refusal to arrive. */
const farewellMs = 5_000;

/** The control plane's end of connections that carry sessions without HTTP/2. */
export class SessionIntake {
  private readonly connections = new Grouped<AgentId, SessionConnection>();
  private readonly idle = new Grouped<AgentId, SessionConnection>();
  private readonly limits: IntakeLimits;

  /** @param replica this process's name on such connections */
  constructor(
    readonly replica: string,
    private readonly hooks: IntakeHooks,
    limits: Partial<IntakeLimits> = {},
  ) {
    this.limits = { ...usual, ...limits };
  }

  accept(socket: TLSSocket): void {
    const peer = `${socket.remoteAddress}:${socket.remotePort}`;
    try {
      const certificate = peerOf(socket, new Date());
      if (this.idle.sizeOf(certificate.agentId) >= this.limits.idlePerAgent)
        throw new GatewayError('RATE_LIMITED', 'the agent holds too many connections that carry nothing');
      this.welcome(socket, { certificate, peer });
    } catch (error) {
      this.hooks.log('session.connection-refused', { peer, error });
      socket.destroy();
    }
  }

  /** Ends every connection of an agent, at once. */
  disconnect(agentId: AgentId): void {
    for (const connection of this.connections.of(agentId)) connection.destroy();
  }

  private welcome(socket: TLSSocket, guest: Guest): void {
    const { agentId } = guest.certificate;
    const connection = new SessionConnection(socket);
    this.connections.add(agentId, connection);
    socket.once('close', () => {
      this.connections.delete(agentId, connection);
      this.idle.delete(agentId, connection);
    });
    socket.on('data', (chunk: Buffer) => connection.read(chunk));
    this.await(connection, guest);
    connection.say(SessionMessage.READY, sessionReady.serialize({ replica: this.replica }));
  }

  /** For a claim. */
  private await(connection: SessionConnection, guest: Guest): void {
    const { agentId } = guest.certificate;
    const { idleMs, claimMs } = this.limits;
    this.idle.add(agentId, connection);
    const timers = [setTimeout(() => connection.destroy(), idleMs)];
    const stop = (): void => timers.forEach(clearTimeout);
    let begun = false;
    connection.hear({
      message: (kind, content) => {
        stop();
        if (kind !== SessionMessage.CLAIM) throw violation(`a message of kind ${kind} instead of a claim`);
        this.claimed(connection, guest, readClaim(content));
      },
      cutOff: () => {
        if (!begun) timers.push(setTimeout(() => connection.destroy(), claimMs));
        begun = true;
      },
      gone: (cause) => {
        stop();
        this.gone(guest, cause);
      },
    });
  }

  private claimed(connection: SessionConnection, guest: Guest, claim: SessionClaim): void {
    const { certificate } = guest;
    connection.hear({ ...deaf, gone: (cause) => this.gone(guest, cause) }); // whoever claims waits for the answer
    void this.admitted(certificate)
      .then(() => {
        if (connection.isGone) throw new GatewayError('CANCELLED', 'the agent did not wait');
        const take = this.hooks.claim(certificate.agentId, claim);
        this.idle.delete(certificate.agentId, connection);
        connection.say(SessionMessage.TAKEN);
        take(new SessionStream(connection, () => this.await(connection, guest)));
      })
      .catch((error: unknown) => this.refuse(connection, guest, error));
  }

  private async admitted(certificate: AgentCertificate): Promise<void> {
    await this.hooks.admit(unexpired(certificate, new Date()));
  }

  private refuse(connection: SessionConnection, { peer }: Guest, error: unknown): void {
    this.hooks.log('session.stream-refused', { peer, error });
    if (connection.isGone) return;
    connection.hear(deaf);
    connection.say(SessionMessage.REFUSED, refusal.serialize(refusalMessage(error)));
    connection.end();
    setTimeout(() => connection.destroy(), farewellMs).unref();
  }

  private gone({ peer, certificate }: Guest, error: Error | undefined): void {
    if (error instanceof GatewayError)
      this.hooks.log('session.connection-refused', { peer, agent: certificate.agentId, error });
  }
}

interface Guest {
  readonly certificate: AgentCertificate;
  readonly peer: string;
}

function readClaim(content: Buffer): SessionClaim {
  try {
    return sessionClaim.deserialize(content);
  } catch {
    throw violation('a claim that cannot be read');
  }
}

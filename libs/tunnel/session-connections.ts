import { GatewayError } from '@sallyport/core';
import { errorOf, type OpenSession } from './messages.js';
import { refusal, sessionClaim } from './service.js';
import { deaf, type SessionConnection } from './session-connection.js';
import { dialSessions, type SessionDialing } from './session-dial.js';
import { SessionMessage, violation } from './session-messages.js';
import { SessionStream } from './session-stream.js';

export interface SpareLimits {
  /** Connections that carry nothing. */
  readonly spares: number;
  /** How long each is kept while there is another. */
  readonly spareMs: number;
  /** How long the last one is kept until another takes its place. */
  readonly lastSpareMs: number;
  readonly dialMs: number;
  /** Dials at one time: a hundred handshakes at once would all end late. */
  readonly dials: number;
  /** How long after a failed dial no other is tried. */
  readonly pauseMs: number;
}

const usual: SpareLimits = {
  spares: 32,
  spareMs: 60_000,
  lastSpareMs: 300_000,
  dialMs: 5_000,
  dials: 8,
  pauseMs: 60_000,
};

export interface SessionConnectionsOptions extends SessionDialing {
  readonly log: (event: string, details: Readonly<Record<string, unknown>>) => void;
  readonly limits?: Partial<SpareLimits> | undefined;
}

interface Spare {
  readonly connection: SessionConnection;
  readonly since: number;
  timer: NodeJS.Timeout;
}

type Waiter = (connection: SessionConnection | undefined) => void;

/** The agent's connections for sessions to one replica: one spare is ready, so that a session opens in one round trip. */
export class SessionConnections {
  private readonly limits: SpareLimits;
  private spares: Spare[] = [];
  private readonly waiters = new Set<Waiter>();
  /** Those that have been asked to take a session and have not answered. */
  private readonly asked = new Set<SessionConnection>();
  private dialling = 0;
  private failedAt: number | undefined;
  private over = false;

  constructor(private readonly options: SessionConnectionsOptions) {
    this.limits = { ...usual, ...options.limits };
  }

  /** Has a connection ready for the next session. */
  prepare(): void {
    if (this.over || this.isPausing) return;
    const wanted = this.waiters.size + (this.spares.length === 0 ? 1 : 0);
    while (this.dialling < Math.min(wanted, this.limits.dials)) this.dial();
  }

  /**
   * Asks the control plane to take a session.
   * @param use called at once when it has, before anything of the session is read
   * @returns what `use` returned; undefined when there is no connection to be had
   * @throws what the control plane answers; TIMED_OUT
   */
  async claim<Used>(request: OpenSession, use: (stream: SessionStream) => Used): Promise<Used | undefined> {
    const connection = this.spare() ?? (await this.next(request.timeoutMs / 2));
    if (connection === undefined) return undefined;
    const answer = await this.ask(connection, request, use);
    if (answer !== undefined) return answer.used;
    // It was closed under the claim: the spares may have gone with it, so this session does not try them all.
    this.failed(new GatewayError('AGENT_LOST', 'the connection was closed under a claim'));
    return undefined;
  }

  /** No new sessions: nothing is kept for them. */
  retire(): void {
    this.over = true;
    this.letDown();
    for (const { connection } of this.spares) connection.destroy();
  }

  /** At once; what carries a session is that session's. */
  close(): void {
    this.retire();
    for (const connection of this.asked) connection.destroy(ended());
  }

  private get isPausing(): boolean {
    return this.failedAt !== undefined && Date.now() - this.failedAt < this.limits.pauseMs;
  }

  private spare(): SessionConnection | undefined {
    const spare = this.spares.pop();
    clearTimeout(spare?.timer);
    return spare?.connection;
  }

  /** @returns the next that is dialled or set free; undefined when that takes too long, or the last dial has failed */
  private next(withinMs: number): Promise<SessionConnection | undefined> {
    if (this.over || this.failedAt !== undefined) {
      this.prepare(); // in the background: nobody waits for a way that has just failed
      return Promise.resolve(undefined);
    }
    return new Promise((resolve) => {
      const waiter: Waiter = (connection) => {
        clearTimeout(timer);
        this.waiters.delete(waiter);
        resolve(connection);
      };
      const timer = setTimeout(() => waiter(undefined), withinMs);
      this.waiters.add(waiter);
      this.prepare();
    });
  }

  private dial(): void {
    this.dialling += 1;
    dialSessions(this.options, this.limits.dialMs)
      .finally(() => {
        this.dialling -= 1;
      })
      .then(
        (connection) => {
          if (this.failedAt !== undefined) this.options.log('session-connections.available', {});
          this.failedAt = undefined;
          this.keep(connection);
          this.prepare();
        },
        (error: unknown) => this.failed(error),
      );
  }

  private failed(error: unknown): void {
    if (this.over) return;
    if (this.failedAt === undefined) this.options.log('session-connections.unavailable', { error });
    this.failedAt = Date.now();
    this.letDown();
  }

  private letDown(): void {
    for (const waiter of this.waiters) waiter(undefined);
  }

  private keep(connection: SessionConnection): void {
    if (connection.isGone) return;
    const [waiter] = this.waiters;
    if (waiter !== undefined) waiter(connection);
    else if (this.over || this.spares.length >= this.limits.spares) connection.destroy();
    else this.lay(connection);
  }

  private lay(connection: SessionConnection): void {
    const { spareMs, lastSpareMs } = this.limits;
    const look = (): void => {
      const isLast = this.spares.length === 1;
      if (!isLast || Date.now() - spare.since >= lastSpareMs) connection.destroy();
      else spare.timer = setTimeout(look, spareMs);
    };
    const spare: Spare = { connection, since: Date.now(), timer: setTimeout(look, spareMs) };
    this.spares.push(spare);
    connection.hear({
      ...deaf,
      gone: () => {
        clearTimeout(spare.timer);
        this.spares = this.spares.filter((other) => other !== spare);
        this.prepare();
      },
    });
  }

  /** @returns undefined when the connection ended without an answer: nothing has come of the claim */
  private ask<Used>(
    connection: SessionConnection,
    request: OpenSession,
    use: (stream: SessionStream) => Used,
  ): Promise<{ readonly used: Used } | undefined> {
    if (connection.isGone) return Promise.resolve(undefined);
    this.asked.add(connection);
    return new Promise<{ readonly used: Used } | undefined>((resolve, reject) => {
      const timer = setTimeout(() => connection.destroy(late()), request.timeoutMs);
      const answered = (): void => {
        clearTimeout(timer);
        this.asked.delete(connection);
      };
      connection.hear({
        message: (kind, content) => {
          if (kind === SessionMessage.REFUSED) throw readRefusal(content);
          if (kind !== SessionMessage.TAKEN) throw violation(`a message of kind ${kind} instead of an answer`);
          answered();
          resolve({ used: use(new SessionStream(connection, () => this.keep(connection))) });
          this.prepare();
        },
        gone: (cause) => {
          answered();
          if (cause instanceof GatewayError) reject(cause);
          else resolve(undefined);
        },
      });
      const { session, token } = request;
      connection.say(SessionMessage.CLAIM, sessionClaim.serialize({ session, token }));
    });
  }
}

function readRefusal(content: Buffer): GatewayError {
  try {
    return errorOf(refusal.deserialize(content));
  } catch {
    return violation('a refusal that cannot be read');
  }
}

const late = (): GatewayError => new GatewayError('TIMED_OUT', 'the control plane did not take the session');
const ended = (): GatewayError => new GatewayError('SESSION_ENDED', 'the link to the control plane has ended');

/** The sessions of this replica by their tickets: HTTP has no log-in, so the first request with a ticket begins one. */
import { createHash } from 'node:crypto';
import { GatewayError } from '@sallyport/core';
import type { Claim, Lobby } from '@sallyport/engine';
import { CallSession, type CallSessionOptions } from './call-session.js';

/** Without a call. A later call of the same ticket begins another one. */
const idleMs = 60_000;
const lookMs = 5_000;

interface Kept<Opened> {
  readonly session: Promise<CallSession<Opened>>;
  idleSince: number;
}

export class CallSessions<Opened> {
  readonly #kept = new Map<string, Kept<Opened>>();
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: CallSessionOptions) {}

  /**
   * The session of a ticket that has been shown, and proved where the protocol can prove it.
   * @throws GatewayError what admission throws, TICKET_EXPIRED
   */
  async obtain(claim: Claim, lobby: Lobby): Promise<CallSession<Opened>> {
    const key = createHash('sha256').update(claim.ticket).digest('hex');
    const known = this.#kept.get(key);
    if (known !== undefined) {
      const session = await known.session;
      if (!session.closed) return this.#unexpired(session, known);
      this.#forget(key, known);
    }
    return (this.#kept.get(key) ?? this.#begin(key, claim, lobby)).session;
  }

  #begin(key: string, claim: Claim, lobby: Lobby): Kept<Opened> {
    const kept: Kept<Opened> = { session: this.#start(claim, lobby), idleSince: Date.now() };
    this.#kept.set(key, kept);
    kept.session.catch(() => this.#forget(key, kept));
    this.#timer ??= setInterval(() => void this.#endIdle(), lookMs).unref();
    return kept;
  }

  #unexpired(session: CallSession<Opened>, kept: Kept<Opened>): CallSession<Opened> {
    if (session.handle.ticketExpiresAt.getTime() <= Date.now())
      throw new GatewayError('TICKET_EXPIRED', 'the ticket has expired', {
        hint: 'get a new one: "sallyport connect <connection>"',
      });
    kept.idleSince = Date.now();
    return session;
  }

  #forget(key: string, kept: Kept<Opened>): void {
    if (this.#kept.get(key) === kept) this.#kept.delete(key);
  }

  async #endIdle(): Promise<void> {
    for (const [key, kept] of [...this.#kept]) {
      const session = await kept.session.catch(() => undefined);
      if (session === undefined) continue;
      if (session.calls > 0) kept.idleSince = Date.now();
      const isOver = session.closed || Date.now() - kept.idleSince > idleMs;
      if (!isOver) continue;
      this.#forget(key, kept);
      session.close();
    }
    if (this.#kept.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #start(claim: Claim, lobby: Lobby): Promise<CallSession<Opened>> {
    const session = new CallSession<Opened>(await lobby.admit(claim), this.options);
    await session.connect();
    return session;
  }
}

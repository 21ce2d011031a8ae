/** The sessions of this replica by their tickets: HTTP has no log-in, so the first signed request of a ticket begins one. */
import { createHash } from 'node:crypto';
import { GatewayError } from '@sallyport/core';
import type { Claim, Lobby } from '@sallyport/engine';
import { AwsSession } from './session.js';

/** Without a call. A later call of the same ticket begins another one. */
const idleMs = 60_000;
const lookMs = 5_000;

interface Kept {
  readonly session: Promise<AwsSession>;
  idleSince: number;
}

export class AwsSessions {
  readonly #kept = new Map<string, Kept>();
  #timer: NodeJS.Timeout | undefined;

  /**
   * The session of a ticket whose signature has been verified.
   * @throws GatewayError what admission throws, TICKET_EXPIRED
   */
  async obtain(claim: Claim, lobby: Lobby): Promise<AwsSession> {
    const key = createHash('sha256').update(claim.ticket).digest('hex');
    const known = this.#kept.get(key);
    if (known !== undefined) {
      const session = await known.session;
      if (!session.closed) return this.#unexpired(session, known);
      this.#forget(key, known);
    }
    return (this.#kept.get(key) ?? this.#begin(key, claim, lobby)).session;
  }

  #begin(key: string, claim: Claim, lobby: Lobby): Kept {
    const kept: Kept = { session: start(claim, lobby), idleSince: Date.now() };
    this.#kept.set(key, kept);
    kept.session.catch(() => this.#forget(key, kept));
    this.#timer ??= setInterval(() => void this.#endIdle(), lookMs).unref();
    return kept;
  }

  #unexpired(session: AwsSession, kept: Kept): AwsSession {
    if (session.handle.ticketExpiresAt.getTime() <= Date.now())
      throw new GatewayError('TICKET_EXPIRED', 'the ticket has expired', {
        hint: 'get a new one: "sallyport connect <connection>"',
      });
    kept.idleSince = Date.now();
    return session;
  }

  #forget(key: string, kept: Kept): void {
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
}

async function start(claim: Claim, lobby: Lobby): Promise<AwsSession> {
  const session = new AwsSession(await lobby.admit(claim));
  await session.connect();
  return session;
}

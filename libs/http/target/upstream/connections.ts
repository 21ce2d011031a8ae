/** Connections that are open, shared by all exchanges of a target: bounded in number, and kept for a while when idle. */
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import type { Endpoint } from '../endpoint.js';
import { Connection, type ConnectionUser } from './connection.js';
import type { Watch, Watched } from './watch.js';

/** An idle connection is closed before AWS closes it, so that few requests meet one that is just being closed. */
const idleMs = 15_000;
/** To one place. */
const mostIdle = 16;

export interface Taker extends ConnectionUser {
  readonly endpoint: Endpoint;
  /** Of the same moment as `take`, or later; it may not be connected yet. */
  given(connection: Connection): void;
}

interface Place {
  /** The one that was used last comes last, and is taken first. */
  readonly idle: Connection[];
  session: Buffer | undefined;
}

export class Connections implements Watched {
  readonly #most: number;
  readonly #watch: Watch;
  readonly #secureContext: SecureContext;
  readonly #places = new Map<string, Place>();
  readonly #waiting = new Set<Taker>();
  #open = 0;
  #idle = 0;

  constructor({ most, ca, watch }: { readonly most: number; readonly ca?: string; readonly watch: Watch }) {
    this.#most = most;
    this.#watch = watch;
    // Made once: Node would read a hundred authorities anew for each connection.
    this.#secureContext = createSecureContext({
      minVersion: 'TLSv1.2',
      ...(ca === undefined ? {} : { ca: [...rootCertificates, ca] }),
    });
  }

  /** @param fresh where a kept one has just turned out to be closed */
  take(taker: Taker, { fresh = false } = {}): void {
    const kept = fresh ? undefined : this.#kept(this.#placeOf(taker.endpoint));
    if (kept !== undefined) this.#give(kept, taker);
    else if (this.#open < this.#most || this.#closeIdle()) this.#connect(taker);
    else this.#waiting.add(taker);
  }

  /** Nobody waits for it any more. */
  withdraw(taker: Taker): void {
    this.#waiting.delete(taker);
  }

  /** @param seconds that the other end keeps it, as far as it says so */
  release(connection: Connection, { endpoint, seconds }: { endpoint: Endpoint; seconds: number | undefined }): void {
    const next = [...this.#waiting].find((taker) => keyOf(taker.endpoint) === keyOf(endpoint));
    const { idle } = this.#placeOf(endpoint);
    const lasts = Math.min(idleMs, seconds === undefined ? idleMs : (seconds - 1) * 1_000);
    connection.rest();
    if (next !== undefined && connection.isOpen) {
      this.#waiting.delete(next);
      this.#give(connection, next);
    } else if (this.#waiting.size > 0 || idle.length >= mostIdle || lasts <= 0 || !connection.isOpen)
      connection.destroy();
    else {
      connection.idleUntil = performance.now() + lasts;
      idle.push(connection);
      this.#idle += 1;
      this.#watch.add(this);
    }
  }

  close(): void {
    for (const { idle } of this.#places.values()) for (const connection of [...idle]) connection.destroy();
  }

  look(now: number): void {
    for (const { idle } of this.#places.values())
      for (const connection of idle.filter(({ idleUntil }) => idleUntil <= now)) connection.destroy();
    if (this.#idle === 0) this.#watch.delete(this);
  }

  #kept({ idle }: Place): Connection | undefined {
    for (let kept = idle.pop(); kept !== undefined; kept = idle.pop()) {
      this.#idle -= 1;
      if (kept.isOpen) return kept;
    }
    return undefined;
  }

  #give(connection: Connection, taker: Taker): void {
    connection.wake(taker);
    taker.given(connection);
  }

  /** Of another place: what is kept there holds up nobody here. */
  #closeIdle(): boolean {
    for (const { idle } of this.#places.values()) {
      const oldest = idle.shift();
      if (oldest === undefined) continue;
      this.#idle -= 1;
      oldest.destroy();
      return true;
    }
    return false;
  }

  #connect(taker: Taker): void {
    const place = this.#placeOf(taker.endpoint);
    this.#open += 1;
    const connection = new Connection(taker.endpoint, {
      secureContext: this.#secureContext,
      session: place.session,
      remember: (session) => {
        place.session = session;
      },
      gone: (closed) => this.#gone(closed, place),
    });
    this.#give(connection, taker);
  }

  #gone(connection: Connection, { idle }: Place): void {
    this.#open -= 1;
    const at = idle.indexOf(connection);
    if (at >= 0) {
      idle.splice(at, 1);
      this.#idle -= 1;
    }
    const [next] = this.#waiting;
    if (next === undefined || this.#open >= this.#most) return;
    this.#waiting.delete(next);
    this.#connect(next);
  }

  #placeOf(endpoint: Endpoint): Place {
    const key = keyOf(endpoint);
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    const place: Place = { idle: [], session: undefined };
    this.#places.set(key, place);
    return place;
  }
}

const keyOf = ({ tls, host, port }: Endpoint): string => `${tls ? 'https' : 'http'} ${host} ${port}`;

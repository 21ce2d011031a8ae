/** One ticket's use of one connection on this replica: its calls run side by side, each on a way of its own. */
import { createHash } from 'node:crypto';
import { type Digest, GatewayError, type Operation, type Refusal, refusalOf } from '@sallyport/core';
import type { Exchange, Permit, SessionHandle } from '@sallyport/engine';
import { Way } from './way.js';

/** Calls of one session at a time; SDKs take a throttling answer for what it is. */
const usualCalls = 64;
/** Calls that wait for their turn. */
const mostWaiting = 1024;
/** Ways that are kept open for the next call. */
const mostIdle = 16;
/** Calls at once from which on another one is expected: a client that asks one thing after the other needs one way. */
const sideBySide = 2;

export interface CallSessionOptions {
  /** What an agent is told as it opens a way for this session. */
  readonly openHead: (handle: SessionHandle) => unknown;
  readonly mostCalls?: number;
  /** How long a call waits for its turn where there are so many; not at all where absent. */
  readonly patienceMs?: number;
}

/** @typeParam Opened what the agent says of itself as it opens */
export class CallSession<Opened> {
  readonly #idle: Way<Opened>[] = [];
  readonly #busy = new Set<Way<Opened>>();
  /** In the order in which they came. */
  readonly #waiting = new Set<() => void>();
  #calls = 0;
  #closed = false;
  #isForeseen = false;
  #opened: Opened | undefined;

  readonly #openHead: CallSessionOptions['openHead'];
  readonly #mostCalls: number;
  readonly #patienceMs: number;

  constructor(
    readonly handle: SessionHandle,
    { openHead, mostCalls = usualCalls, patienceMs = 0 }: CallSessionOptions,
  ) {
    this.#openHead = openHead;
    this.#mostCalls = mostCalls;
    this.#patienceMs = patienceMs;
    handle.ended.addEventListener('abort', () => this.#breakOff(handle.ended.reason), { once: true });
  }

  /**
   * Its first exchange: decided and recorded like every other, and then the agent is asked whether it can serve this.
   * @throws GatewayError
   */
  async connect(): Promise<void> {
    let failure: Error | undefined;
    const exchange: Exchange = {
      operation: connectOperation(this.handle),
      refuse: async (refusal) => {
        failure = errorOf(refusal);
      },
      forward: async (permit, _gate, record) => {
        try {
          const way = await this.#open(permit);
          this.#opened = way.opened;
          this.#idle.push(way);
          record.outcome({ status: 'done', maskedFields: 0 }).catch(() => undefined); // the next decision hears of it
        } catch (error) {
          failure = error instanceof Error ? error : new Error('the session did not open', { cause: error });
          await record.outcome({ status: 'failed', code: refusalOf(error).code, maskedFields: 0 });
        }
      },
    };
    await this.handle.run(only(exchange));
    if (failure === undefined) return;
    this.close(refusalOf(failure));
    throw failure;
  }

  /** What the agent has said of itself. */
  get opened(): Opened {
    if (this.#opened === undefined) throw new GatewayError('SESSION_ENDED', 'the session has not been connected');
    return this.#opened;
  }

  get calls(): number {
    return this.#calls;
  }

  get closed(): boolean {
    return this.#closed || this.handle.ended.aborted;
  }

  /**
   * Runs one call through the engine. Calls of one session are not ordered among one another.
   * @throws GatewayError TOO_MANY_SESSIONS, SESSION_ENDED
   */
  async run(exchange: Exchange): Promise<void> {
    if (this.closed) throw ended();
    if (this.#calls < this.#mostCalls) this.#calls += 1;
    else await this.#turn();
    try {
      if (this.closed) throw ended();
      await this.handle.run(only(exchange));
    } finally {
      this.#next();
    }
  }

  /** The place of a call that has ended is the next one's at once: none that comes now is before it. */
  #next(): void {
    const [first] = this.#waiting;
    if (first === undefined) this.#calls -= 1;
    else first();
  }

  /** Resolves when the call has a place. */
  #turn(): Promise<void> {
    if (this.#patienceMs === 0 || this.#waiting.size >= mostWaiting) return Promise.reject(this.#tooMany());
    return new Promise((resolve, reject) => {
      const called = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(called);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(called);
        reject(this.#tooMany());
      }, this.#patienceMs);
      this.#waiting.add(called);
    });
  }

  #tooMany(): GatewayError {
    return new GatewayError('TOO_MANY_SESSIONS', `${this.#mostCalls} calls of this session are under way already`, {
      hint: 'wait for some of them',
    });
  }

  /** Runs what one call has started (a model's tool call) beside it, through the engine too. */
  aside(exchange: Exchange): Promise<void> {
    return this.handle.run(only(exchange));
  }

  /** A way for one call: one that is free, or another. */
  async way(permit: Permit): Promise<Way<Opened>> {
    for (;;) {
      const free = this.#idle.pop() ?? (await this.#open(permit));
      if (!free.usable) continue;
      if (this.closed) {
        free.destroy(ended());
        throw ended();
      }
      this.#busy.add(free);
      this.#foresee(permit);
      return free;
    }
  }

  #open(permit: Permit): Promise<Way<Opened>> {
    return Way.open<Opened>(this.handle, this.#openHead(this.handle), permit);
  }

  /** Where calls run side by side another one joins them: it finds a way that is open. */
  #foresee(permit: Permit): void {
    if (this.#isForeseen || this.#busy.size < sideBySide || this.#idle.length > 0 || this.#calls >= this.#mostCalls)
      return;
    this.#isForeseen = true;
    const spare = this.#open(permit).then((way) => this.#keep(way));
    spare.catch(() => undefined).finally(() => (this.#isForeseen = false)); // whoever needs one asks again, and hears why
  }

  #keep(way: Way<Opened>): void {
    if (this.closed || this.#idle.length >= mostIdle) way.end();
    else if (way.usable) this.#idle.push(way);
  }

  /** @param whole its call is over, so that it can serve another */
  release(way: Way<Opened>, whole: boolean): void {
    this.#busy.delete(way);
    if (!whole) way.destroy(new GatewayError('CANCELLED', 'the call was given up'));
    else this.#keep(way);
  }

  close(reason?: Refusal): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const way of this.#idle.splice(0)) way.end();
    this.handle.close(reason);
  }

  #breakOff(reason: unknown): void {
    const error = reason instanceof GatewayError ? reason : ended();
    for (const way of [...this.#idle.splice(0), ...this.#busy]) way.destroy(error);
    this.close(refusalOf(error));
  }
}

async function* only(exchange: Exchange): AsyncGenerator<Exchange> {
  yield exchange;
}

const ended = (): GatewayError =>
  new GatewayError('SESSION_ENDED', 'the session has ended', { hint: 'get a new ticket: "sallyport connect"' });

const errorOf = ({ code, message, hint }: Refusal): GatewayError =>
  new GatewayError(code, message, hint === undefined ? {} : { hint });

function connectOperation({ connection }: SessionHandle): Operation {
  const text = `connect to ${connection.name}`;
  return {
    action: 'session.connect',
    risk: 'read',
    text,
    facts: {},
    resources: [connection.name],
    digest: createHash('sha256').update(`${text}\0${connection.version}`).digest('hex') as Digest,
    pure: false,
  };
}

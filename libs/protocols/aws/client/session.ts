/** One ticket's use of one connection on this replica: its calls run side by side, each on a way of its own. */
import { createHash } from 'node:crypto';
import { type Digest, GatewayError, type Operation, type Refusal, refusalOf } from '@sallyport/core';
import type { Exchange, Permit, SessionHandle } from '@sallyport/engine';
import type { OpenedHead, OpenHead } from '../heads.js';
import { Way } from './way.js';

/** Calls of one session at a time; SDKs take a throttling answer for what it is. */
const mostCalls = 64;
/** Ways that are kept open for the next call. */
const mostIdle = 16;

export class AwsSession {
  readonly #idle: Way[] = [];
  readonly #busy = new Set<Way>();
  #calls = 0;
  #closed = false;
  #opened: OpenedHead | undefined;

  constructor(readonly handle: SessionHandle) {
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
          const way = await Way.open(this.handle, this.#openHead(), permit);
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
  get opened(): OpenedHead {
    if (this.#opened === undefined) throw new GatewayError('SESSION_ENDED', 'the session has not been connected');
    return this.#opened;
  }

  /**
   * @param global a service that answers for all regions at once, whatever region its requests are signed for
   * @throws GatewayError FORBIDDEN
   */
  assertRegion(region: string, global: boolean): void {
    const { regions = [] } = this.handle.connection.settings as Partial<OpenHead>;
    if (global || regions.length === 0 || regions.includes(region)) return;
    throw new GatewayError(
      'FORBIDDEN',
      `region "${region}" is not one of connection "${this.handle.connection.name}"`,
      {
        hint: `use one of: ${regions.join(', ')}`,
      },
    );
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
    if (this.#calls >= mostCalls)
      throw new GatewayError('TOO_MANY_SESSIONS', `${mostCalls} calls of this session are under way already`, {
        hint: 'wait for some of them',
      });
    this.#calls += 1;
    try {
      await this.handle.run(only(exchange));
    } finally {
      this.#calls -= 1;
    }
  }

  /** A way for one call: one that is free, or another. */
  async way(permit: Permit): Promise<Way> {
    for (;;) {
      const free = this.#idle.pop() ?? (await Way.open(this.handle, this.#openHead(), permit));
      if (!free.usable) continue;
      if (this.closed) {
        free.destroy(ended());
        throw ended();
      }
      this.#busy.add(free);
      return free;
    }
  }

  /** @param whole its call is over, so that it can serve another */
  release(way: Way, whole: boolean): void {
    this.#busy.delete(way);
    if (!whole) way.destroy(new GatewayError('CANCELLED', 'the call was given up'));
    else if (this.closed || this.#idle.length >= mostIdle) way.end();
    else if (way.usable) this.#idle.push(way);
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

  #openHead(): OpenHead {
    const { connection, identity, id, turn } = this.handle;
    const { regions, accounts, role } = connection.settings as Partial<OpenHead>;
    return {
      regions: regions ?? [],
      accounts: accounts ?? [],
      ...(role === undefined ? {} : { role }),
      attribution: { session: id, person: identity.name, ...turn },
    };
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

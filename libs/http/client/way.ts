/** One way through the agent: serves one call at a time, and may serve another after it. */
import { GatewayError, type MaskingPlan, type Refusal } from '@sallyport/core';
import { type Channel, type Frame, FrameKind, type Permit, type SessionHandle } from '@sallyport/engine';
import { type CallFrame, decodeJson, encodeJson, encodeMore, frameBytes } from '../frames.js';

const nothing = new Uint8Array(0);
const ofCalls: ReadonlySet<FrameKind> = new Set([FrameKind.DATA, FrameKind.OUTCOME, FrameKind.RAISE]);

/** @typeParam Opened what the agent says of itself as it opens */
export class Way<Opened> {
  readonly #channel: Channel;
  readonly #frames: AsyncIterator<Frame>;
  #exchange = 0;
  #plan = '';
  #broken = false;

  private constructor(
    channel: Channel,
    readonly opened: Opened,
    frames: AsyncIterator<Frame>,
  ) {
    this.#channel = channel;
    this.#frames = frames;
    void channel.closed.then(() => {
      this.#broken = true;
    });
  }

  /** @throws GatewayError what the agent refuses it with, AGENT_OFFLINE, AGENT_LOST, TIMED_OUT */
  static async open<Opened>(session: SessionHandle, head: unknown, { masking }: Permit): Promise<Way<Opened>> {
    const channel = await session.open(encodeJson(head));
    writePlan(channel, masking);
    const frames = channel.frames[Symbol.asyncIterator]();
    try {
      const first = await within(frames.next(), openMs);
      if (first === undefined) throw new GatewayError('TIMED_OUT', 'the agent did not answer in time');
      if (first.done) throw new GatewayError('AGENT_LOST', 'the agent hung up before it answered');
      if (first.value.kind === FrameKind.CLOSE) throw closedBy(first.value);
      if (first.value.kind !== FrameKind.OPENED)
        throw new GatewayError('RESPONSE_NOT_UNDERSTOOD', 'the agent answered out of order');
      const way = new Way<Opened>(channel, decodeJson<Opened>(first.value.head), frames);
      way.#plan = masking.digest;
      return way;
    } catch (error) {
      channel.destroy(error instanceof GatewayError ? error : new GatewayError('AGENT_LOST', 'the agent went away'));
      throw error;
    }
  }

  get usable(): boolean {
    return !this.#broken;
  }

  /**
   * Begins a call; the plan goes ahead where it has changed.
   * @returns its number, for `proceed`
   */
  begin(head: CallFrame, body: Uint8Array, { masking }: Permit): number {
    if (masking.digest !== this.#plan) writePlan(this.#channel, masking);
    this.#plan = masking.digest;
    this.#exchange += 1;
    const first = body.subarray(0, frameBytes);
    const more = head.more || first.length < body.length;
    this.#write(encodeJson({ ...head, more }), first);
    if (first.length < body.length) this.#pieces(body.subarray(first.length), head.more);
    return this.#exchange;
  }

  /** A call that was begun as held may go to its target. Of one that is over the agent does nothing. */
  proceed(exchange: number): void {
    this.#channel.write({ kind: FrameKind.PROCEED, exchange, head: nothing, body: nothing });
  }

  /** @returns false when the agent is slow: wait for `drained` */
  more(chunk: Uint8Array): boolean {
    return this.#pieces(chunk, true);
  }

  /** The body is over. */
  last(): void {
    this.#write(encodeMore(false), nothing);
  }

  /** What was decided of something that the target has started in its answer. */
  verdict(head: unknown): void {
    this.#channel.write({
      kind: FrameKind.VERDICT,
      exchange: this.#exchange,
      head: encodeJson(head),
      body: nothing,
    });
  }

  drained(): Promise<void> {
    return this.#channel.drained();
  }

  /** @throws GatewayError AGENT_LOST, or what the agent ended the way with */
  async next(): Promise<Frame> {
    const step = await this.#frames.next();
    if (step.done === true)
      throw new GatewayError('AGENT_LOST', 'the agent went away; the call may or may not have run');
    const { value } = step;
    if (value.kind === FrameKind.CLOSE) throw closedBy(value);
    if (value.exchange !== this.#exchange && ofCalls.has(value.kind))
      throw new GatewayError('RESPONSE_NOT_UNDERSTOOD', 'the agent answered another call');
    return value;
  }

  /** After its last call. */
  end(): void {
    this.#broken = true;
    this.#channel.end();
  }

  /** At once: the agent aborts what it was doing. */
  destroy(error: GatewayError): void {
    this.#broken = true;
    this.#channel.destroy(error);
  }

  #pieces(body: Uint8Array, more: boolean): boolean {
    let free = true;
    for (let at = 0; at < body.length; at += frameBytes) {
      const piece = body.subarray(at, at + frameBytes);
      free = this.#write(encodeMore(more || at + frameBytes < body.length), piece);
    }
    return free;
  }

  #write(head: Uint8Array, body: Uint8Array): boolean {
    return this.#channel.write({ kind: FrameKind.FORWARD, exchange: this.#exchange, head, body });
  }
}

/** Opening a way may take a look at who the agent is (STS). */
const openMs = 20_000;

const writePlan = (channel: Channel, plan: MaskingPlan): void => {
  channel.write({ kind: FrameKind.PLAN, exchange: 0, head: nothing, body: encodeJson(plan) });
};

function closedBy({ head }: Frame): GatewayError {
  const refusal = head.length === 0 ? undefined : decodeJson<Refusal>(head);
  if (refusal === undefined) return new GatewayError('AGENT_LOST', 'the agent ended the session');
  return new GatewayError(refusal.code, refusal.message, refusal.hint === undefined ? {} : { hint: refusal.hint });
}

async function within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A session's channel in the agent: one call at a time, its body on the way out while its end is listened for. */
import { GatewayError, type MaskingPlan } from '@sallyport/core';
import { type Channel, type Frame, FrameKind, type TargetHost } from '@sallyport/engine';
import { compileMasking, type Masker, parseRules, strictest } from '@sallyport/masking';
import { type CallFrame, decodeJson, decodeMore } from '../frames.js';
import { Answer } from './answer.js';
import { Clearance } from './clearance.js';
import { RequestBody } from './request-body.js';

/** What one call is made of. */
export interface Begun<Head extends CallFrame> {
  readonly head: Head;
  readonly body: RequestBody;
  readonly answer: Answer;
  readonly masker: Masker;
  readonly signal: AbortSignal;
  /** INVARIANT: nothing goes to the target before it is given. */
  readonly clearance: Clearance;
  readonly log: TargetHost['log'];
}

export interface RunningCall {
  /** Never rejects: what went wrong is told in the outcome. */
  run(): Promise<void>;
  /** What was decided of something that the target has started. @throws GatewayError PROTOCOL_VIOLATION */
  verdict?(head: Uint8Array): void;
}

export interface CallsOptions<Head extends CallFrame> {
  readonly channel: Channel;
  readonly host: TargetHost;
  /** @throws GatewayError PROTOCOL_VIOLATION */
  readonly parseHead: (bytes: Uint8Array) => Head;
  readonly begin: (begun: Begun<Head>) => RunningCall;
}

interface Running {
  readonly call: RunningCall;
  readonly exchange: number;
  readonly body: RequestBody;
  readonly abort: AbortController;
  readonly clearance: Clearance;
  isOver: boolean;
}

export class Calls<Head extends CallFrame> {
  readonly #options: CallsOptions<Head>;
  #masker: Masker | undefined;
  #running: Running | undefined;
  #last = 0;

  constructor(options: CallsOptions<Head>) {
    this.#options = options;
  }

  /** Until the channel ends: what runs then is given up at once. */
  async run(frames: AsyncIterator<Frame>): Promise<void> {
    const gone = this.#options.channel.closed.then(() => this.#giveUp('the session has ended'));
    try {
      await Promise.race([this.#listen(frames), gone]);
    } finally {
      this.#giveUp('the session has ended');
    }
  }

  async #listen(frames: AsyncIterator<Frame>): Promise<void> {
    for (;;) {
      const next = await frames.next();
      if (next.done) return;
      switch (next.value.kind) {
        case FrameKind.PLAN:
          this.#plan(decodeJson<MaskingPlan>(next.value.body));
          break;
        case FrameKind.FORWARD:
          await this.#forward(next.value);
          break;
        case FrameKind.VERDICT:
          this.#verdict(next.value);
          break;
        case FrameKind.PROCEED:
          if (this.#running?.exchange === next.value.exchange) this.#running.clearance.give();
          break;
        case FrameKind.CANCEL:
          this.#cancel(next.value.exchange);
          break;
        case FrameKind.REFUSE: // answered by the control plane: nothing of it comes here
          break;
        case FrameKind.CLOSE:
          return;
        default:
          throw violation(`a frame of kind ${next.value.kind} is not for an agent`);
      }
    }
  }

  /** The plan's rules are added to the agent's own; one that does not compile stops the session, not the masking. */
  #plan(plan: MaskingPlan): void {
    const { target, maskingKey } = this.#options.host;
    this.#masker = compileMasking(strictest(target.masking, parseRules(plan.rules)), { key: maskingKey });
  }

  async #forward(frame: Frame): Promise<void> {
    if (frame.exchange > this.#last) this.#begin(frame);
    else if (this.#running?.exchange === frame.exchange) this.#running.body.push(frame.body, decodeMore(frame.head));
    // The rest of a call that is over already: nobody needs it.
    await this.#running?.body.roomy();
  }

  #begin({ exchange, head: bytes, body: piece }: Frame): void {
    if (this.#running?.isOver === false) throw violation('a call begins while another one runs');
    const masker = this.#masker;
    if (masker === undefined)
      throw new GatewayError('MASKING_UNAVAILABLE', 'there is no masking plan, so nothing is run');
    const { host, channel, parseHead, begin } = this.#options;
    const head = parseHead(bytes);
    const body = new RequestBody({
      ...(head.length === undefined ? {} : { length: head.length }),
      ...(head.bodySha256 === undefined ? {} : { sha256: head.bodySha256 }),
    });
    const abort = new AbortController();
    const recording = head.record === undefined ? undefined : host.recording(head.record);
    const answer = new Answer(channel, exchange, recording, () => {
      running.isOver = true;
    });
    const log: TargetHost['log'] = (event, details) => host.log(event, { session: host.session, ...details });
    const clearance = new Clearance(head.held === true, abort.signal);
    const call = begin({ head, body, answer, masker, signal: abort.signal, clearance, log });
    const running: Running = { call, exchange, body, abort, clearance, isOver: false };
    this.#last = exchange;
    this.#running = running;
    body.push(piece, head.more);
    // Nothing is known to reject here; one that did would end the agent, and every other session with it.
    call.run().catch((error: unknown) => {
      log('call.failed', { error });
      channel.destroy(new GatewayError('AGENT_LOST', 'the call ended without an outcome'));
    });
  }

  /** Of a call that is over nobody waits for a verdict any more. */
  #verdict({ exchange, head }: Frame): void {
    const running = this.#running;
    if (running?.exchange === exchange && !running.isOver) running.call.verdict?.(head);
  }

  #cancel(exchange: number): void {
    if (exchange === 0 || this.#running?.exchange === exchange) this.#giveUp('the call was cancelled');
  }

  #giveUp(reason: string): void {
    this.#running?.abort.abort(new GatewayError('CANCELLED', reason));
    this.#running?.body.drop();
  }
}

const violation = (message: string): GatewayError => new GatewayError('PROTOCOL_VIOLATION', message);

/** A session's channel in the agent: one call at a time, its body on the way out while its end is listened for. */
import { GatewayError, type MaskingPlan } from '@sallyport/core';
import { type Channel, type Frame, FrameKind, type TargetHost } from '@sallyport/engine';
import { compileMasking, type Masker, parseRules, strictest } from '@sallyport/masking';
import { decodeJson, decodeMore } from '../heads.js';
import { Answer } from './answer.js';
import type { AwsTarget } from './aws-target.js';
import { Call } from './call.js';
import { parseCallHead } from './call-head.js';
import type { Session } from './opening.js';
import { RequestBody } from './request-body.js';

export interface CallsOptions {
  readonly channel: Channel;
  readonly host: TargetHost;
  readonly target: AwsTarget;
  readonly session: Session;
}

interface Running {
  readonly exchange: number;
  readonly body: RequestBody;
  readonly abort: AbortController;
  isOver: boolean;
}

export class Calls {
  readonly #options: CallsOptions;
  #masker: Masker | undefined;
  #running: Running | undefined;
  #last = 0;

  constructor(options: CallsOptions) {
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
    const head = parseCallHead(bytes);
    const { host, channel, target, session } = this.#options;
    const body = new RequestBody({
      ...(head.length === undefined ? {} : { length: head.length }),
      ...(head.bodySha256 === undefined ? {} : { sha256: head.bodySha256 }),
    });
    const running: Running = { exchange, body, abort: new AbortController(), isOver: false };
    this.#last = exchange;
    this.#running = running;
    body.push(piece, head.more);
    const recording = head.record === undefined ? undefined : host.recording(head.record);
    const answer = new Answer(channel, exchange, recording, () => {
      running.isOver = true;
    });
    const call = new Call({
      target,
      session,
      head,
      body,
      answer,
      masker,
      signal: running.abort.signal,
      log: (event, details) => host.log(event, { session: host.session, ...details }),
    });
    // Nothing is known to reject here; one that did would end the agent, and every other session with it.
    call.run().catch((error: unknown) => {
      host.log('call.failed', { session: host.session, operation: head.operation, error });
      channel.destroy(new GatewayError('AGENT_LOST', 'the call ended without an outcome'));
    });
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

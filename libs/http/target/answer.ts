/** What goes back to the control plane of one call: frames no larger than agreed, recorded where that is asked for. */
import { type Channel, FrameKind, type ResponseRecording } from '@sallyport/engine';
import { encodeData, encodeJson, frameBytes, type OutcomeHead } from '../frames.js';

const nothing = new Uint8Array(0);

export class Answer {
  readonly #channel: Channel;
  readonly #exchange: number;
  readonly #recording: ResponseRecording | undefined;
  readonly #over: () => void;
  #bytes = 0;

  /** @param over called as the outcome goes out: from then on the next call may come */
  constructor(channel: Channel, exchange: number, recording: ResponseRecording | undefined, over: () => void) {
    this.#over = over;
    this.#channel = channel;
    this.#exchange = exchange;
    this.#recording = recording;
  }

  /** Bytes of the response's body so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @param text as `encodeResponseHead` writes it */
  async head(text: Uint8Array): Promise<void> {
    await this.#send(text);
  }

  async body(bytes: Uint8Array): Promise<void> {
    for (let start = 0; start < bytes.length; start += frameBytes) {
      const piece = bytes.subarray(start, start + frameBytes);
      this.#bytes += piece.length;
      await this.#send(piece);
    }
  }

  /** Tells the control plane what the target has started in its answer: masked, and held until the verdict comes. */
  async raise(raised: unknown, body: Uint8Array): Promise<void> {
    const frame = { kind: FrameKind.RAISE, exchange: this.#exchange, head: encodeJson(raised), body };
    if (!this.#channel.write(frame)) await this.#channel.drained();
  }

  /** INVARIANT: nothing is sent afterwards, so that the footer covers all of the response. */
  outcome(outcome: OutcomeHead): void {
    this.#over();
    const footer = this.#recording?.footer();
    const head = encodeJson({ ...outcome, ...(footer === undefined ? {} : { footer }) });
    this.#channel.write({ kind: FrameKind.OUTCOME, exchange: this.#exchange, head, body: nothing });
  }

  /** Resolves when the control plane, and the client behind it, can take more. */
  async #send(body: Uint8Array): Promise<void> {
    const head = encodeData(this.#recording?.add(body));
    if (!this.#channel.write({ kind: FrameKind.DATA, exchange: this.#exchange, head, body }))
      await this.#channel.drained();
  }
}

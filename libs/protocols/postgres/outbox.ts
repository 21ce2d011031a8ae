/** What goes back to the control plane: whole messages, gathered per batch, in as few frames as the bytes allow. */
import { type Channel, FrameKind, type ResponseRecording } from '@sallyport/engine';
import { encodeData, frameBytes } from './heads.js';

const nothing = new Uint8Array(0);

interface Piece {
  readonly head: Uint8Array;
  readonly body: Buffer;
}

export class Outbox {
  readonly #channel: Channel;
  readonly #recordings = new Map<number, ResponseRecording>();
  #pieces: Buffer[] = [];
  #size = 0;
  #exchange = 0;
  #full = false;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** From here on what is emitted for this exchange is recorded, until it is finished. */
  record(exchange: number, recording: ResponseRecording): void {
    this.#recordings.set(exchange, recording);
  }

  /**
   * Sends the outcome of an exchange, then the last bytes that were emitted for it.
   * INVARIANT: nothing is emitted for it afterwards, so that the footer covers all of its response.
   * @param outcome the OUTCOME frame's head, with the footer where the response was recorded
   */
  finish(exchange: number, outcome: (footer?: string) => Uint8Array): void {
    if (exchange !== this.#exchange) this.flush();
    const pieces = this.#cut();
    this.frame(FrameKind.OUTCOME, exchange, outcome(this.#recordings.get(exchange)?.footer()));
    this.#recordings.delete(exchange);
    this.#send(pieces);
  }

  /** @param bytes one whole message, or several */
  emit(exchange: number, bytes: Buffer): void {
    if (exchange !== this.#exchange || this.#size + bytes.length > frameBytes) this.flush();
    this.#exchange = exchange;
    this.#append(bytes);
    this.#size += bytes.length;
  }

  frame(kind: FrameKind, exchange: number, head: Uint8Array, body: Uint8Array = nothing): void {
    if (!this.#channel.write({ kind, exchange, head, body })) this.#full = true;
  }

  flush(): void {
    this.#send(this.#cut());
  }

  #send(pieces: readonly Piece[]): void {
    for (const { head, body } of pieces) this.frame(FrameKind.DATA, this.#exchange, head, body);
  }

  /** Takes what waits, in the pieces that it is sent and recorded in. */
  #cut(): Piece[] {
    if (this.#size === 0) return [];
    const bytes = this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces, this.#size);
    this.#pieces = [];
    this.#size = 0;
    const recording = this.#recordings.get(this.#exchange);
    const pieces: Piece[] = [];
    for (let start = 0; start < bytes.length; start += frameBytes) {
      const body = bytes.subarray(start, start + frameBytes);
      const at = recording?.add(body);
      const head = encodeData({ more: start + frameBytes < bytes.length, ...(at === undefined ? {} : { at }) });
      pieces.push({ head, body });
    }
    return pieces;
  }

  /** Resolves when the control plane, and the client behind it, can take more. */
  async drained(): Promise<void> {
    if (!this.#full) return;
    this.#full = false;
    await this.#channel.drained();
  }

  /** Neighbours in one chunk of the target's stay one piece: nothing is copied where nothing was masked. */
  #append(bytes: Buffer): void {
    const last = this.#pieces.at(-1);
    if (last !== undefined && last.buffer === bytes.buffer && last.byteOffset + last.length === bytes.byteOffset) {
      this.#pieces[this.#pieces.length - 1] = Buffer.from(last.buffer, last.byteOffset, last.length + bytes.length);
    } else this.#pieces.push(bytes);
  }
}

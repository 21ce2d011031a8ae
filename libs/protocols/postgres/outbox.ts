/** What goes back to the control plane: whole messages, gathered per batch, in as few frames as the bytes allow. */
import { type Channel, FrameKind } from '@sallyport/engine';
import { frameBytes } from './heads.js';

const nothing = new Uint8Array(0);
/** Marks a piece of a message whose rest follows in the next frame. */
const goesOn = Buffer.from('+', 'latin1');

export class Outbox {
  readonly #channel: Channel;
  #pieces: Buffer[] = [];
  #size = 0;
  #exchange = 0;
  #full = false;

  constructor(channel: Channel) {
    this.#channel = channel;
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
    if (this.#size === 0) return;
    const bytes = this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces, this.#size);
    this.#pieces = [];
    this.#size = 0;
    for (let start = 0; start < bytes.length; start += frameBytes) {
      const more = start + frameBytes < bytes.length;
      this.frame(FrameKind.DATA, this.#exchange, more ? goesOn : nothing, bytes.subarray(start, start + frameBytes));
    }
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

/** The body of an answer between the connection and whoever reads it: joined into few large pieces, and bounded. */

/** Of one piece: it goes through the tunnel as it is, in one of its batches. */
const pieceBytes = 63 * 1024;
/** Of all that wait to be read. */
const mostBytes = 256 * 1024;
/** Of a piece in an answer whose length nobody knows and that comes in deltas. */
const smallBytes = 8 * 1024;

export interface AnswerReaderSide {
  /** Somebody waits for bytes, or nobody does any more. */
  waits(isWaiting: boolean): void;
  /** Too much has come that nobody has read, or no longer. */
  holdBack(isHeldBack: boolean): void;
  /** Nobody reads any further: the end was told, or the failure, or the reader has left. */
  left(): void;
}

type Next = IteratorResult<Uint8Array, undefined>;

export class AnswerBody implements AsyncIterableIterator<Uint8Array> {
  readonly #side: AnswerReaderSide;
  /** Bytes that are still to come, where that is known. */
  #coming: number | undefined;
  readonly #pieces: Buffer[] = [];
  #waiting = 0;
  #slab: Buffer | undefined;
  #from = 0;
  #to = 0;
  #isHeldBack = false;
  #isOver = false;
  #isDue = false;
  #failure: Error | undefined;
  #reader: { readonly resolve: (next: Next) => void; readonly reject: (error: Error) => void } | undefined;

  constructor(side: AnswerReaderSide, length: number | undefined) {
    this.#side = side;
    this.#coming = length;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Copied: the same place may be used for what comes next. */
  add(bytes: Buffer): void {
    if (this.#failure !== undefined) return;
    for (let at = 0; at < bytes.length; ) at += this.#copy(bytes, at);
    this.#waiting += bytes.length;
    if (this.#reader !== undefined) this.#soon();
    else if (this.#waiting >= mostBytes) this.#holdBack(true);
  }

  end(): void {
    this.#isOver = true;
    this.#tell();
  }

  /** What has not been read by now is not told any more. */
  fail(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#drop();
    this.#tell();
  }

  next(): Promise<Next> {
    if (this.#hasBytes || this.#isOver || this.#failure !== undefined) return this.#taken();
    this.#side.waits(true);
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
    });
  }

  async return(): Promise<Next> {
    this.#drop();
    this.#isOver = true;
    this.#side.left();
    return { done: true, value: undefined };
  }

  get #hasBytes(): boolean {
    return this.#waiting > 0;
  }

  #copy(bytes: Buffer, at: number): number {
    this.#slab ??= this.#newSlab(bytes.length - at);
    const copied = bytes.copy(this.#slab, this.#to, at);
    this.#to += copied;
    if (this.#coming !== undefined) this.#coming -= copied;
    if (this.#to === this.#slab.length) this.#cut();
    return copied;
  }

  #newSlab(least: number): Buffer {
    const size = this.#coming ?? (least < smallBytes ? smallBytes : pieceBytes);
    return size <= smallBytes ? Buffer.allocUnsafe(size) : Buffer.allocUnsafeSlow(Math.min(size, pieceBytes));
  }

  /** Ends the piece that is being filled; the rest of its slab is for the next one. */
  #cut(): void {
    if (this.#slab === undefined) return;
    if (this.#to > this.#from) this.#pieces.push(this.#slab.subarray(this.#from, this.#to));
    this.#from = this.#to;
    if (this.#to < this.#slab.length) return;
    this.#slab = undefined;
    this.#from = 0;
    this.#to = 0;
  }

  /** What else has arrived already comes with it: else most of the work would be about pieces, not bytes. */
  #soon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => {
      this.#isDue = false;
      this.#tell();
    });
  }

  #tell(): void {
    const reader = this.#reader;
    if (reader === undefined || !(this.#hasBytes || this.#isOver || this.#failure !== undefined)) return;
    this.#reader = undefined;
    this.#side.waits(false);
    this.#taken().then(reader.resolve, reader.reject);
  }

  async #taken(): Promise<Next> {
    if (this.#pieces.length === 0) this.#cut();
    const value = this.#pieces.shift();
    if (value !== undefined) {
      this.#waiting -= value.length;
      if (this.#waiting < mostBytes) this.#holdBack(false);
      return { done: false, value };
    }
    this.#side.left();
    if (this.#failure !== undefined) throw this.#failure;
    return { done: true, value: undefined };
  }

  #holdBack(isHeldBack: boolean): void {
    if (this.#isHeldBack === isHeldBack) return;
    this.#isHeldBack = isHeldBack;
    this.#side.holdBack(isHeldBack);
  }

  #drop(): void {
    this.#pieces.length = 0;
    this.#slab = undefined;
    this.#waiting = 0;
  }
}

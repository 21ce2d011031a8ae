/** Batches smaller than this come from Node's own pool, or nearly. */
const smallest = 8 * 1024;
/** A batch of one piece of an object or a page of rows, and what is in front of it. */
const usualBytes = 68 * 1024;
const kept = 3;

/** Memory for one connection's batches, used again once the network has taken them. */
export class BatchBuffers {
  private readonly free: Buffer[] = [];

  /** @returns memory of this length, with anything in it */
  take(length: number): Buffer {
    if (length < smallest || length > usualBytes) return Buffer.allocUnsafe(length);
    return (this.free.pop() ?? Buffer.allocUnsafeSlow(usualBytes)).subarray(0, length);
  }

  /** Nobody reads it any more. */
  giveBack(buffer: Buffer): void {
    if (buffer.buffer.byteLength !== usualBytes || this.free.length >= kept) return;
    this.free.push(Buffer.from(buffer.buffer, 0, usualBytes));
  }
}

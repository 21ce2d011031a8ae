/** More than one TLS record holds: a read finds room for a whole one. */
const readBytes = 16 * 1024;
const slabBytes = 256 * 1024;

/** Where a socket's bytes arrive: one read behind the other, so that what came in several reads still lies in one piece. */
export class Slab {
  private memory = Buffer.allocUnsafeSlow(slabBytes);
  private at = 0;

  /** Where the next read goes. */
  room(): Buffer {
    if (this.memory.length - this.at < readBytes) {
      this.memory = Buffer.allocUnsafeSlow(slabBytes); // somebody may still hold views of the one before
      this.at = 0;
    }
    return this.memory.subarray(this.at);
  }

  /** @returns what was read: a view */
  took(length: number): Buffer {
    const from = this.at;
    this.at += length;
    return this.memory.subarray(from, this.at);
  }
}

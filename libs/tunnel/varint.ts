/** Unsigned LEB128 up to 2^53 - 1, as protocol buffers write it. */

const continues = 0x80;

export function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= continues; rest = Math.floor(rest / continues)) length += 1;
  return length;
}

/** @returns the offset behind the last byte written */
export function writeVarint(into: Buffer, offset: number, value: number): number {
  let at = offset;
  let rest = value;
  while (rest >= continues) {
    into[at] = (rest % continues) | continues;
    rest = Math.floor(rest / continues);
    at += 1;
  }
  into[at] = rest;
  return at + 1;
}

/** Reads fields one after the other; every read throws a RangeError rather than go past `end`. */
export class FieldReader {
  constructor(
    private readonly bytes: Buffer,
    private at = 0,
    private readonly end = bytes.length,
  ) {}

  get done(): boolean {
    return this.at >= this.end;
  }

  varint(): number {
    let value = 0;
    let factor = 1;
    for (let length = 0; length < 10; length += 1) {
      if (this.at >= this.end) throw new RangeError('a number is cut off');
      const byte = this.bytes[this.at]!;
      this.at += 1;
      value += (byte % continues) * factor;
      if (value > Number.MAX_SAFE_INTEGER) throw new RangeError('a number is too large');
      if (byte < continues) return value;
      factor *= continues;
    }
    throw new RangeError('a number is too long');
  }

  /** A view, not a copy. */
  view(): Buffer {
    const { start, end } = this.range();
    return this.bytes.subarray(start, end);
  }

  nested(): FieldReader {
    const { start, end } = this.range();
    return new FieldReader(this.bytes, start, end);
  }

  /** Passes over a field that a newer peer may have added. */
  skip(wireType: number): void {
    if (wireType === 0) this.varint();
    else if (wireType === 2) this.range();
    else if (wireType === 1) this.advance(8);
    else if (wireType === 5) this.advance(4);
    else throw new RangeError('a field has an unknown wire type');
  }

  private range(): { start: number; end: number } {
    const length = this.varint();
    const start = this.at;
    this.advance(length);
    return { start, end: this.at };
  }

  private advance(length: number): void {
    if (length > this.end - this.at) throw new RangeError('a field is cut off');
    this.at += length;
  }
}

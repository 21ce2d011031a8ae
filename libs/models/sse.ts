/** Server-sent events (WHATWG HTML, 9.2.6), read from bytes so that what is not touched passes as it came. */
import { isUtf8 } from 'node:buffer';
import { GatewayError } from '@sallyport/core';

export interface ServerSentEvent {
  /** All of it, its last line end included; comments and blank lines before it belong to it. */
  readonly bytes: Uint8Array;
  /** The last `event` field; empty where there is none. */
  readonly name: string;
  /** The `data` lines, joined; absent where there is none: comments, which a client does not see. */
  readonly data?: string;
  /** Its other lines, comments among them; empty where there is none but the two above. */
  readonly beside: string;
}

export const mostEventBytes = 16 * 1024 * 1024;

const lineFeed = 10;
const carriageReturn = 13;
const colon = 0x3a;
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);
const leastBuffer = 4096;

const notUnderstood = (message: string): GatewayError => new GatewayError('RESPONSE_NOT_UNDERSTOOD', message);

/** An event written by the gateway. */
export const eventBytes = (name: string, data: string): Uint8Array => {
  const head = name === '' ? '' : `event: ${name}\n`;
  const lines = data.split('\n').map((line) => `data: ${line}\n`);
  return Buffer.from(`${head}${lines.join('')}\n`);
};

/** Takes bytes as they come, however they are cut. Keeps one event at most. */
export class EventReader {
  #buffer = Buffer.allocUnsafe(leastBuffer);
  #length = 0;
  /** Where the event begins that is read now. */
  #start = 0;
  /** Where the line begins that is read now, and how far it was searched for its end. */
  #line = 0;
  #searched = 0;
  #name = '';
  #data: string[] = [];
  #beside: string[] = [];
  #afterReturn = false;
  #begun = false;

  constructor(private readonly most = mostEventBytes) {}

  /**
   * @returns the events that are whole now
   * @throws GatewayError RESPONSE_NOT_UNDERSTOOD where one is too long or is not UTF-8
   */
  push(chunk: Uint8Array): ServerSentEvent[] {
    const events: ServerSentEvent[] = [];
    this.#append(chunk);
    if (!this.#afterMark()) return events;
    for (let end = this.#lineEnd(); end !== undefined; end = this.#lineEnd()) {
      const event = this.#endOfLine(end);
      if (event) events.push(event);
    }
    this.#compact();
    this.#check();
    return events;
  }

  /** Bytes of an event that has not ended. */
  get held(): number {
    return this.#length;
  }

  #check(end = this.#length): void {
    if (end - this.#start > this.most) throw notUnderstood(`an event of the answer is longer than ${this.most} bytes`);
  }

  #compact(): void {
    this.#buffer.copyWithin(0, this.#start, this.#length);
    this.#length -= this.#start;
    this.#line -= this.#start;
    this.#searched -= this.#start;
    this.#start = 0;
    if (this.#length === 0 && this.#buffer.length > 16 * leastBuffer) this.#buffer = Buffer.allocUnsafe(leastBuffer);
  }

  #append(chunk: Uint8Array): void {
    const needed = this.#length + chunk.length;
    if (needed > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#buffer.length));
      this.#buffer.copy(larger, 0, 0, this.#length);
      this.#buffer = larger;
    }
    this.#buffer.set(chunk, this.#length);
    this.#length = needed;
  }

  /** A byte order mark may stand before everything. @returns false while that cannot be told */
  #afterMark(): boolean {
    if (this.#begun) return true;
    const first = this.#buffer.subarray(0, Math.min(this.#length, byteOrderMark.length));
    const marked = first.equals(byteOrderMark.subarray(0, first.length));
    if (marked && first.length < byteOrderMark.length) return false;
    this.#begun = true;
    if (marked) this.#line = this.#searched = byteOrderMark.length;
    return true;
  }

  /** @returns where the line ends, without its end */
  #lineEnd(): number | undefined {
    if (this.#afterReturn && this.#length > this.#line) {
      // The second half of CR LF, which came later: it belongs to what comes next, and ends no line.
      if (this.#buffer[this.#line] === lineFeed) this.#line = this.#searched = this.#line + 1;
      this.#afterReturn = false;
    }
    for (; this.#searched < this.#length; this.#searched += 1) {
      const byte = this.#buffer[this.#searched];
      if (byte === lineFeed || byte === carriageReturn) return this.#searched;
    }
    return undefined;
  }

  #endOfLine(end: number): ServerSentEvent | undefined {
    const line = this.#buffer.subarray(this.#line, end);
    this.#line = this.#searched = this.#past(end);
    if (line.length === 0) return this.#dispatch();
    this.#field(line);
    // A comment by itself keeps the connection alive: it must not wait for the next event.
    return line[0] === colon && this.#data.length === 0 && this.#name === '' ? this.#dispatch() : undefined;
  }

  /** An event whose CR is the last byte at hand has ended: nobody knows when the next byte comes. */
  #past(end: number): number {
    if (this.#buffer[end] === lineFeed) return end + 1;
    if (end + 1 === this.#length) this.#afterReturn = true;
    return end + 1 < this.#length && this.#buffer[end + 1] === lineFeed ? end + 2 : end + 1;
  }

  #field(line: Buffer): void {
    if (!isUtf8(line)) throw notUnderstood('an event of the answer is not UTF-8');
    const at = line.indexOf(colon);
    const name = (at < 0 ? line : line.subarray(0, at)).toString();
    const value = at < 0 ? '' : line.toString('utf8', line[at + 1] === 0x20 ? at + 2 : at + 1);
    if (name === 'data') this.#data.push(value);
    else if (name === 'event') this.#name = value;
    else this.#beside.push(line.toString());
  }

  #dispatch(): ServerSentEvent {
    this.#check(this.#line);
    const bytes = Uint8Array.prototype.slice.call(this.#buffer, this.#start, this.#line);
    const [name, data, beside] = [this.#name, this.#data, this.#beside.join('\n')];
    this.#start = this.#line;
    [this.#name, this.#data, this.#beside] = ['', [], []];
    return data.length === 0 ? { bytes, name, beside } : { bytes, name, data: data.join('\n'), beside };
  }
}

/** What has not ended where the body ends is no event, and is discarded. */
export async function* readEvents(
  body: AsyncIterable<Uint8Array>,
  most = mostEventBytes,
): AsyncGenerator<ServerSentEvent> {
  const reader = new EventReader(most);
  for await (const chunk of body) yield* reader.push(chunk);
}

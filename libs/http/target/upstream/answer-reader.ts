/**
 * The answer to one request, as HTTP/1.1 has it on the wire (RFC 9112). Stricter than most readers: where two of them could
 * see different ends of an answer, it is none, because the next answer on that connection is somebody else's.
 */
import type { Header } from '../../header-list.js';

/** Of a head, interim answers before it included; of trailers as much again. */
export const headBytes = 32 * 1024;
/** Of a chunk's size with its extensions. */
const sizeLineBytes = 4 * 1024;

export interface AnswerHead {
  readonly status: number;
  /** Lower-case names; values without the blanks around them, a character for each byte. */
  readonly headers: readonly Header[];
  /** Of the body, where the head says it. */
  readonly length: number | undefined;
  /** Another request may follow on this connection. */
  readonly keeps: boolean;
}

export interface AnswerSink {
  /** The other end wants the body of the request. */
  goOn(): void;
  head(head: AnswerHead): void;
  /** What is handed over is used again: it must be copied before this returns. */
  body(bytes: Buffer): void;
  /** The whole answer has come. */
  end(): void;
}

/** What came is no answer of HTTP; the message says nothing of what it is. */
export class NoAnswer extends Error {}

type State = 'head' | 'sized' | 'chunk size' | 'chunk' | 'chunk end' | 'trailers' | 'until close' | 'over';

const nothing = Buffer.alloc(0);
const beginning = Buffer.from('HTTP/1.');
const endOfLine = Buffer.from('\r\n');
const endOfHead = Buffer.from('\r\n\r\n');
const statusLine = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const headerLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t\x20-\x7e\x80-\xff]*)$/;
const chunkLine = /^([0-9A-Fa-f]{1,13})(?:[\t ]*;[\t\x20-\x7e\x80-\xff]*)?$/;

export class AnswerReader {
  readonly #method: string;
  readonly #sink: AnswerSink;
  #state: State = 'head';
  /** The beginning of a head or a line, until its end has come. */
  #held: Buffer = nothing;
  #left = headBytes;
  /** Bytes of the body, or of the chunk, that are still to come. */
  #body = 0;

  constructor(method: string, sink: AnswerSink) {
    this.#method = method;
    this.#sink = sink;
  }

  get isOver(): boolean {
    return this.#state === 'over';
  }

  /**
   * @returns how many of the bytes are the answer's: fewer than all where something follows its end
   * @throws NoAnswer
   */
  push(bytes: Buffer): number {
    let at = 0;
    while (at < bytes.length && this.#state !== 'over') at = this.#step(bytes, at);
    return at;
  }

  /** The connection has ended. @returns whether the answer has, too */
  close(): boolean {
    if (this.#state === 'until close') this.#over();
    return this.#state === 'over';
  }

  #step(bytes: Buffer, at: number): number {
    switch (this.#state) {
      case 'head':
        return this.#readHead(bytes, at);
      case 'sized':
      case 'chunk':
        return this.#readBody(bytes, at);
      case 'until close':
        this.#sink.body(at === 0 ? bytes : bytes.subarray(at));
        return bytes.length;
      default:
        return this.#readLine(bytes, at);
    }
  }

  #readHead(bytes: Buffer, at: number): number {
    const before = this.#held.length;
    const all = before === 0 ? bytes.subarray(at) : Buffer.concat([this.#held, bytes.subarray(at)]);
    const told = Math.min(all.length, beginning.length);
    if (all.compare(beginning, 0, told, 0, told) !== 0) throw new NoAnswer('it does not begin like an answer');
    const end = all.indexOf(endOfHead, Math.max(0, before - endOfHead.length + 1));
    if ((end < 0 ? all.length : end) > this.#left) throw new NoAnswer('its head is too large');
    this.#held = end < 0 ? Buffer.from(all) : nothing;
    if (end < 0) return bytes.length;
    this.#left -= end;
    this.#take(all.toString('latin1', 0, end));
    return at + end + endOfHead.length - before;
  }

  #take(text: string): void {
    const [first = '', ...lines] = text.split('\r\n');
    const [, minor, code] = statusLine.exec(first) ?? [];
    if (minor === undefined) throw new NoAnswer('its first line is none');
    const status = Number(code);
    const headers = lines.map(headerIn);
    if (status === 101) throw new NoAnswer('it changes the protocol, which nobody has asked for');
    if (status === 100) this.#sink.goOn();
    if (status >= 200) this.#begin(status, headers, minor === '1');
  }

  #begin(status: number, headers: readonly Header[], isLatest: boolean): void {
    const isBare = this.#method === 'HEAD' || status === 204 || status === 304;
    const framing = isBare ? { length: 0, chunked: false } : framingOf(headers);
    const hasEnd = framing.chunked || framing.length !== undefined;
    const { length } = framing;
    const keeps = hasEnd && isLatest && !headers.some(([name, value]) => name === 'connection' && /close/i.test(value));
    this.#sink.head({ status, headers, length, keeps });
    this.#body = length ?? 0;
    this.#left = headBytes;
    if (framing.chunked) this.#state = 'chunk size';
    else if (length === undefined) this.#state = 'until close';
    else if (length === 0) this.#over();
    else this.#state = 'sized';
  }

  #readBody(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#body);
    this.#body -= end - at;
    this.#sink.body(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end));
    if (this.#body > 0) return end;
    if (this.#state === 'chunk') this.#state = 'chunk end';
    else this.#over();
    return end;
  }

  #readLine(bytes: Buffer, at: number): number {
    const before = this.#held.length;
    const all = before === 0 ? bytes.subarray(at) : Buffer.concat([this.#held, bytes.subarray(at)]);
    const end = all.indexOf(endOfLine, Math.max(0, before - 1));
    if ((end < 0 ? all.length : end) > sizeLineBytes) throw new NoAnswer('a line between its chunks is too long');
    this.#held = end < 0 ? Buffer.from(all) : nothing;
    if (end < 0) return bytes.length;
    this.#line(all.toString('latin1', 0, end));
    return at + end + endOfLine.length - before;
  }

  #line(text: string): void {
    if (this.#state === 'chunk end') {
      if (text !== '') throw new NoAnswer('a chunk is longer than it says');
      this.#state = 'chunk size';
    } else if (this.#state === 'trailers') {
      this.#left -= text.length;
      if (this.#left < 0) throw new NoAnswer('its trailers are too large');
      if (text === '') this.#over();
      else headerIn(text); // of no meaning to anybody here
    } else {
      const digits = chunkLine.exec(text)?.[1];
      if (digits === undefined) throw new NoAnswer('a chunk has no size');
      this.#body = Number.parseInt(digits, 16);
      this.#state = this.#body === 0 ? 'trailers' : 'chunk';
    }
  }

  #over(): void {
    this.#state = 'over';
    this.#sink.end();
  }
}

function headerIn(line: string): Header {
  const [, name, value] = headerLine.exec(line) ?? [];
  if (name === undefined || value === undefined) throw new NoAnswer('a line of its head is no header');
  return [name.toLowerCase(), value.trim()];
}

/** RFC 9112, 6.3, without what is left to the reader's choice there. */
function framingOf(headers: readonly Header[]): { readonly length: number | undefined; readonly chunked: boolean } {
  const valuesOf = (name: string): string[] => headers.filter(([each]) => each === name).map(([, value]) => value);
  const lengths = valuesOf('content-length');
  const encodings = valuesOf('transfer-encoding');
  if (lengths.length + encodings.length > 1) throw new NoAnswer('it says twice where its body ends');
  const [length] = lengths;
  const [encoding] = encodings;
  if (length !== undefined && !/^\d{1,15}$/.test(length)) throw new NoAnswer('its length is no number');
  if (encoding !== undefined && encoding.toLowerCase() !== 'chunked') throw new NoAnswer('its encoding is not known');
  return { length: length === undefined ? undefined : Number(length), chunked: encoding !== undefined };
}

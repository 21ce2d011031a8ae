/**
 * JSON as RFC 8259 has it, read for inspection: keys that are there twice are refused, because the gateway and AWS may
 * take different ones of them; integers that a double cannot hold stay text.
 */
import { refuse } from './refuse.js';

const maxDepth = 256;
const space = /[ \t\n\r]*/y;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const needsParsing = /[\\\p{Cc}]/u;
const quote = 0x22;
const brace = 0x7b;
const bracket = 0x5b;
const letters = 0x61;
const backslash = 0x5c;
const words: readonly (readonly [string, unknown])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
];

export const parseStrictJson = (bytes: Uint8Array): unknown => new Reader(decodeUtf8(bytes)).document();

export const decodeUtf8 = (bytes: Uint8Array): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return refuse('the body is not UTF-8');
  }
};

/** `__proto__` is a key like any other: an assignment would set the prototype. */
const put = (object: Record<string, unknown>, key: string, value: unknown): void => {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true });
  } else object[key] = value;
};

class Reader {
  private at = 0;
  private depth = 0;

  constructor(private readonly text: string) {}

  document(): unknown {
    const value = this.value();
    this.skipSpace();
    return this.at === this.text.length ? value : this.fail();
  }

  private value(): unknown {
    this.skipSpace();
    const next = this.text.charCodeAt(this.at);
    if (next === quote) return this.string();
    if (next === brace) return this.nested(() => this.object());
    if (next === bracket) return this.nested(() => this.array());
    if (next >= letters) for (const [word, value] of words) if (this.take(word)) return value;
    return this.number();
  }

  private nested<T>(read: () => T): T {
    if (++this.depth > maxDepth) refuse(`the body is nested deeper than ${maxDepth}`);
    this.at += 1;
    const value = read();
    this.depth -= 1;
    return value;
  }

  private object(): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    this.skipSpace();
    if (this.take('}')) return object;
    do {
      this.skipSpace();
      const key = this.string();
      if (Object.hasOwn(object, key)) refuse('a key of the body is there twice');
      this.skipSpace();
      if (!this.take(':')) this.fail();
      put(object, key, this.value());
      this.skipSpace();
    } while (this.take(','));
    return this.take('}') ? object : this.fail();
  }

  private array(): unknown[] {
    const array: unknown[] = [];
    this.skipSpace();
    if (this.take(']')) return array;
    do {
      array.push(this.value());
      this.skipSpace();
    } while (this.take(','));
    return this.take(']') ? array : this.fail();
  }

  private string(): string {
    const start = this.at;
    if (!this.take('"')) this.fail();
    let end = start;
    do end = this.text.indexOf('"', end + 1);
    while (end >= 0 && this.isEscaped(end));
    if (end < 0) this.fail();
    this.at = end + 1;
    const inner = this.text.slice(start + 1, end);
    return needsParsing.test(inner) ? this.unescape(`"${inner}"`) : inner;
  }

  private isEscaped(end: number): boolean {
    let before = end;
    while (this.text.charCodeAt(before - 1) === backslash) before -= 1;
    return (end - before) % 2 === 1;
  }

  private unescape(text: string): string {
    try {
      return JSON.parse(text) as string;
    } catch {
      return this.fail();
    }
  }

  private number(): number | string {
    const text = this.match(number) ?? this.fail();
    const value = Number(text);
    const exact = Number.isSafeInteger(value) || (/[.eE]/.test(text) && Number.isFinite(value));
    return exact ? value : text;
  }

  private skipSpace(): void {
    const code = this.text.charCodeAt(this.at);
    if (code <= 0x20) this.match(space);
  }

  private take(word: string): boolean {
    if (word.length === 1 ? this.text[this.at] !== word : !this.text.startsWith(word, this.at)) return false;
    this.at += word.length;
    return true;
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.at += found.length;
    return found;
  }

  private fail(): never {
    return refuse('the body is not JSON');
  }
}

/**
 * JSON as RFC 8259 has it, read for inspection and edited in place: every value knows where it stands, so that what is
 * not replaced keeps its bytes. A name that is there twice is refused, because the gateway and the model's API could
 * take different ones of them.
 */
import { isUtf8 } from 'node:buffer';
import { type ErrorCode, GatewayError } from '@sallyport/core';

interface Span {
  /** Of the whole value, quotes and brackets included; `end` is the position after it. */
  readonly start: number;
  readonly end: number;
}
export interface JsonObject extends Span {
  readonly kind: 'object';
  readonly members: ReadonlyMap<string, JsonNode>;
}
export interface JsonArray extends Span {
  readonly kind: 'array';
  readonly items: readonly JsonNode[];
}
export interface JsonString extends Span {
  readonly kind: 'string';
  /** Some of its characters are escaped. */
  readonly escaped: boolean;
}
export interface JsonScalar extends Span {
  readonly kind: 'number' | 'word';
  readonly value: number | boolean | null;
}
export type JsonNode = JsonObject | JsonArray | JsonString | JsonScalar;

export interface JsonOptions {
  /** What a mistake is. */
  readonly code?: ErrorCode;
  /** What the text is, in messages. */
  readonly what?: string;
}

export interface JsonEdit {
  readonly start: number;
  readonly end: number;
  readonly bytes: Uint8Array;
}

const mostDepth = 128;
/** Of values: a body of brackets alone must not cost a hundred times its size. */
const mostNodes = 1_000_000;

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const braces = [0x7b, 0x7d] as const;
const brackets = [0x5b, 0x5d] as const;
const words = [
  [Buffer.from('true'), true],
  [Buffer.from('false'), false],
  [Buffer.from('null'), null],
] as const;
const escapes = new Set(Array.from('"\\/bfnrt', (character) => character.charCodeAt(0)));
const numberBytes = new Set(Array.from('+-.0123456789eE', (character) => character.charCodeAt(0)));
const numberForm = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const fourHex = /^[0-9A-Fa-f]{4}$/;

/** @throws GatewayError of `code`, INVALID_INPUT by default */
export const parseJson = (bytes: Uint8Array, options: JsonOptions = {}): JsonNode =>
  new Reader(bytes, options).document();

/** Of bodies that have been read in this turn of the event loop: afterwards a tree is anybody's to collect. */
const trees = new WeakMap<Uint8Array, WeakRef<JsonNode>>();

/**
 * The body of a request. It is described and then masked: so of the same bytes, not written to in between, it is read once.
 * @throws GatewayError INVALID_INPUT
 */
export function parseRequest(bytes: Uint8Array): JsonNode {
  const known = trees.get(bytes)?.deref();
  if (known !== undefined) return known;
  const tree = parseJson(bytes, { what: 'the request' });
  trees.set(bytes, new WeakRef(tree));
  return tree;
}

/** The text that a string stands for. A half of a surrogate pair stays one. */
export const textOf = (bytes: Uint8Array, { start, end, escaped }: JsonString): string => {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (escaped) return JSON.parse(buffer.toString('utf8', start, end)) as string;
  return buffer.toString('utf8', start + 1, end - 1);
};

/** @param edits in their order, none overlapping */
export const edit = (bytes: Uint8Array, edits: readonly JsonEdit[]): Uint8Array => {
  if (edits.length === 0) return bytes;
  const pieces: Uint8Array[] = [];
  let position = 0;
  for (const { start, end, bytes: other } of edits) {
    if (start < position || end < start) throw new RangeError('edits overlap');
    pieces.push(bytes.subarray(position, start), other);
    position = end;
  }
  pieces.push(bytes.subarray(position));
  return Buffer.concat(pieces);
};

/** A string as JSON writes it; halves of surrogate pairs escaped, so that it can be written as UTF-8. */
export const jsonString = (text: string): Uint8Array => Buffer.from(JSON.stringify(text));

/** Every string value of a tree, in order of the bytes, with the names and numbers that lead to it. Names are no values. */
export function* stringLeaves(
  node: JsonNode,
  path: readonly (string | number)[] = [],
): Generator<{ readonly node: JsonString; readonly path: readonly (string | number)[] }> {
  if (node.kind === 'string') yield { node, path };
  else if (node.kind === 'array')
    for (const [index, item] of node.items.entries()) yield* stringLeaves(item, [...path, index]);
  else if (node.kind === 'object')
    for (const [name, value] of node.members) yield* stringLeaves(value, [...path, name]);
}

/** The member of that name where `node` is an object that has it. */
export const member = (node: JsonNode | undefined, name: string): JsonNode | undefined =>
  node?.kind === 'object' ? node.members.get(name) : undefined;

/** The items where `node` is an array, otherwise none. */
export const itemsOf = (node: JsonNode | undefined): readonly JsonNode[] => (node?.kind === 'array' ? node.items : []);

/** The text where `node` is a string. */
export const stringOf = (bytes: Uint8Array, node: JsonNode | undefined): string | undefined =>
  node?.kind === 'string' ? textOf(bytes, node) : undefined;

/** The number, `true`, `false` or null where `node` is one. */
export const scalarOf = (node: JsonNode | undefined): number | boolean | null | undefined =>
  node?.kind === 'number' || node?.kind === 'word' ? node.value : undefined;

class Reader {
  #at = 0;
  #depth = 0;
  #nodes = 0;
  readonly #buffer: Buffer;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly options: JsonOptions,
  ) {
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  document(): JsonNode {
    if (!isUtf8(this.bytes)) throw this.#mistake('is not UTF-8');
    const value = this.#value();
    this.#space();
    return this.#at === this.bytes.length ? value : this.#fail();
  }

  #value(): JsonNode {
    this.#space();
    this.#nodes += 1;
    if (this.#nodes > mostNodes) throw this.#mistake(`has more than ${mostNodes} values`);
    const next = this.bytes[this.#at];
    if (next === quote) return this.#string();
    if (next === braces[0]) return this.#nested(() => this.#object());
    if (next === brackets[0]) return this.#nested(() => this.#array());
    return this.#word() ?? this.#number();
  }

  #nested<T>(read: () => T): T {
    this.#depth += 1;
    if (this.#depth > mostDepth) throw this.#mistake(`is nested deeper than ${mostDepth}`);
    const value = read();
    this.#depth -= 1;
    return value;
  }

  #object(): JsonObject {
    const start = this.#at;
    const members = new Map<string, JsonNode>();
    this.#list(braces[1], () => {
      this.#space();
      if (this.bytes[this.#at] !== quote) this.#fail();
      const name = textOf(this.#buffer, this.#string());
      if (members.has(name)) throw this.#mistake(`has a name twice in one object, the second time at byte ${this.#at}`);
      this.#space();
      if (this.bytes[this.#at] !== colon) this.#fail();
      this.#at += 1;
      members.set(name, this.#value());
    });
    return { kind: 'object', start, end: this.#at, members };
  }

  #array(): JsonArray {
    const start = this.#at;
    const items: JsonNode[] = [];
    this.#list(brackets[1], () => items.push(this.#value()));
    return { kind: 'array', start, end: this.#at, items };
  }

  /** Members or items, with commas between them, up to `closing`. */
  #list(closing: number, read: () => void): void {
    this.#at += 1;
    this.#space();
    if (this.bytes[this.#at] === closing) {
      this.#at += 1;
      return;
    }
    for (;;) {
      read();
      this.#space();
      const next = this.bytes[this.#at];
      if (next !== closing && next !== comma) this.#fail();
      this.#at += 1;
      if (next === closing) return;
    }
  }

  #string(): JsonString {
    const { bytes } = this;
    const start = this.#at;
    let escaped = false;
    let at = start + 1;
    for (let byte = bytes[at]; byte !== quote; byte = bytes[at]) {
      if (byte === undefined || byte < 0x20) {
        this.#at = at;
        this.#fail();
      }
      if (byte === backslash) {
        escaped = true;
        at += this.#escape(at);
      } else at += 1;
    }
    this.#at = at + 1;
    return { kind: 'string', start, end: this.#at, escaped };
  }

  /** @returns how many bytes the escape at `at` has */
  #escape(at: number): number {
    const letter = this.bytes[at + 1];
    if (letter !== undefined && escapes.has(letter)) return 2;
    if (letter === 0x75 && fourHex.test(this.#buffer.toString('latin1', at + 2, at + 6))) return 6;
    this.#at = at;
    return this.#fail();
  }

  #word(): JsonScalar | undefined {
    const start = this.#at;
    for (const [text, value] of words) {
      const end = start + text.length;
      if (this.bytes[start] !== text[0] || !this.#buffer.subarray(start, end).equals(text)) continue;
      this.#at = end;
      return { kind: 'word', start, end, value };
    }
    return undefined;
  }

  #number(): JsonScalar {
    const start = this.#at;
    let end = start;
    while (numberBytes.has(this.bytes[end] ?? 0)) end += 1;
    const text = this.#buffer.toString('latin1', start, end);
    if (!numberForm.test(text)) this.#fail();
    this.#at = end;
    return { kind: 'number', start, end, value: Number(text) };
  }

  #space(): void {
    const { bytes } = this;
    for (let byte = bytes[this.#at]; byte === 0x20 || byte === 10 || byte === 13 || byte === 9; byte = bytes[this.#at])
      this.#at += 1;
  }

  #fail(): never {
    throw this.#mistake(`is not JSON as RFC 8259 has it, at byte ${this.#at}`);
  }

  #mistake(says: string): GatewayError {
    const { code = 'INVALID_INPUT', what = 'the body' } = this.options;
    return new GatewayError(code, `${what} ${says}`);
  }
}

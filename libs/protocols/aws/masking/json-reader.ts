/** JSON (RFC 8259) with positions; stricter than most: UTF-8 only, each key of an object once. */
import { isUtf8 } from 'node:buffer';
import { notUnderstood } from './not-understood.js';
import {
  deepest,
  type Entry,
  type Format,
  isTwice,
  mostNodes,
  namesOf,
  type TextNode,
  type TreeNode,
  viewOf,
} from './tree.js';

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;

const number = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;
const literals = new Set(['true', 'false', 'null']);
const isWord = (byte: number | undefined): boolean =>
  byte !== undefined &&
  ((byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    byte === 0x2d ||
    byte === 0x2b ||
    byte === 0x2e ||
    byte === 0x45);

class Reader {
  private position = 0;
  private nodes = 0;

  constructor(private readonly bytes: Buffer) {}

  document(): TreeNode {
    const node = this.value(0);
    this.blank();
    if (this.position !== this.bytes.length) throw notUnderstood('something follows the JSON of an answer');
    return node;
  }

  private blank(): void {
    for (; ; this.position += 1) {
      const byte = this.bytes[this.position];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
    }
  }

  private value(depth: number): TreeNode {
    if (depth > deepest) throw notUnderstood(`the JSON of an answer is deeper than ${deepest} levels`);
    if (++this.nodes > mostNodes) throw notUnderstood(`the JSON of an answer has more than ${mostNodes} values`);
    this.blank();
    const byte = this.bytes[this.position];
    if (byte === quote) return this.text();
    if (byte === 0x7b) return this.group(depth);
    if (byte === 0x5b) return this.list(depth);
    return this.word();
  }

  private group(depth: number): TreeNode {
    const begin = this.position++;
    const entries: Entry[] = [];
    let names: Set<string> | undefined;
    if (!this.closes(0x7d))
      do {
        this.blank();
        const key = this.text();
        const name = json.decode(this.bytes, key);
        if (isTwice(names, entries, name)) throw notUnderstood('the JSON of an answer has a key twice');
        names = namesOf(names, entries, name);
        this.expect(colon);
        entries.push({ key, name, value: this.value(depth + 1) });
      } while (this.goesOn(0x7d));
    return { kind: 'group', begin, end: this.position, entries };
  }

  private list(depth: number): TreeNode {
    const begin = this.position++;
    const items: TreeNode[] = [];
    if (!this.closes(0x5d))
      do items.push(this.value(depth + 1));
      while (this.goesOn(0x5d));
    return { kind: 'list', begin, end: this.position, items };
  }

  private closes(closing: number): boolean {
    this.blank();
    if (this.bytes[this.position] !== closing) return false;
    this.position += 1;
    return true;
  }

  private goesOn(closing: number): boolean {
    this.blank();
    const byte = this.bytes[this.position++];
    if (byte === comma) return true;
    if (byte === closing) return false;
    throw notUnderstood('the JSON of an answer is broken');
  }

  private expect(byte: number): void {
    this.blank();
    if (this.bytes[this.position++] !== byte) throw notUnderstood('the JSON of an answer is broken');
  }

  private text(): TextNode {
    const begin = this.position;
    if (this.bytes[begin] !== quote) throw notUnderstood('the JSON of an answer is broken');
    const { bytes } = this;
    let escaped = false;
    let position = begin + 1;
    for (; ; position += 1) {
      const byte = bytes[position];
      if (byte === quote) break;
      if (byte === undefined || byte < 0x20) throw notUnderstood('the JSON of an answer is broken');
      if (byte !== backslash) continue;
      escaped = true;
      position += 1;
    }
    this.position = position + 1;
    return { kind: 'text', begin, end: this.position, from: begin + 1, to: position, escaped };
  }

  private word(): TreeNode {
    const begin = this.position;
    while (isWord(this.bytes[this.position])) this.position += 1;
    const text = this.bytes.toString('latin1', begin, this.position);
    const isLiteral = literals.has(text);
    if (!isLiteral && !number.test(text)) throw notUnderstood('the JSON of an answer is broken');
    return { kind: isLiteral ? 'literal' : 'number', begin, end: this.position };
  }
}

/** @throws GatewayError RESPONSE_NOT_UNDERSTOOD */
export const readJson = (bytes: Uint8Array): TreeNode => {
  if (!isUtf8(bytes)) throw notUnderstood('the JSON of an answer is not UTF-8');
  return new Reader(viewOf(bytes)).document();
};

export const json: Format = {
  name: 'JSON',
  decode: (bytes, { from, to, escaped }) => {
    const text = bytes.toString('utf8', from, to);
    if (!escaped) return text;
    try {
      return JSON.parse(`"${text}"`) as string;
    } catch (error) {
      throw notUnderstood('the JSON of an answer has an escape that is none', error);
    }
  },
  text: (value) => Buffer.from(JSON.stringify(value)),
  key: (value) => Buffer.from(JSON.stringify(value)),
  none: Buffer.from('null'),
  blob: (value) => Buffer.from(`"${Buffer.from(value).toString('base64')}"`),
};

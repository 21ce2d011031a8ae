/** CBOR (RFC 8949) with positions, as Smithy's RPC protocol writes it: keys are texts, each once. */
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

const broken = (): Error => notUnderstood('the CBOR of an answer is broken');
const indefinite = 31;
const breakByte = 0xff;

class Reader {
  private position = 0;
  private nodes = 0;
  private readonly view: DataView;

  constructor(private readonly bytes: Buffer) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  document(): TreeNode {
    const node = this.value(0);
    if (this.position !== this.bytes.length) throw notUnderstood('something follows the CBOR of an answer');
    return node;
  }

  private byte(): number {
    const byte = this.bytes[this.position++];
    if (byte === undefined) throw broken();
    return byte;
  }

  /** The argument of a head (RFC 8949, 3); undefined for an indefinite length. */
  private argument(info: number): number | undefined {
    if (info < 24) return info;
    if (info === indefinite) return undefined;
    if (info > 27) throw broken();
    const size = 1 << (info - 24);
    const at = this.position;
    this.position += size;
    if (this.position > this.bytes.length) throw broken();
    if (size === 1) return this.view.getUint8(at);
    if (size === 2) return this.view.getUint16(at);
    if (size === 4) return this.view.getUint32(at);
    return Number(this.view.getBigUint64(at));
  }

  private value(depth: number): TreeNode {
    if (depth > deepest) throw notUnderstood(`the CBOR of an answer is deeper than ${deepest} levels`);
    if (++this.nodes > mostNodes) throw notUnderstood(`the CBOR of an answer has more than ${mostNodes} values`);
    const begin = this.position;
    const head = this.byte();
    const major = head >> 5;
    const argument = this.argument(head & 31);
    if (major === 2 || major === 3) return this.run(begin, major, argument);
    if (major === 4) return this.list(begin, argument, depth);
    if (major === 5) return this.group(begin, argument, depth);
    if (argument === undefined) throw broken();
    if (major === 6) return { ...this.value(depth + 1), begin };
    return { kind: major === 7 && (head & 31) < 25 ? 'literal' : 'number', begin, end: this.position };
  }

  private run(begin: number, major: number, length: number | undefined): TreeNode {
    const kind = major === 2 ? 'bytes' : 'text';
    if (length === undefined) throw notUnderstood('the CBOR of an answer has a text in pieces');
    const from = this.position;
    const to = from + length;
    if (to > this.bytes.length) throw broken();
    this.position = to;
    if (kind === 'bytes') return { kind, begin, end: to, from, to };
    if (!isUtf8(this.bytes.subarray(from, to))) throw notUnderstood('a text in the CBOR of an answer is not UTF-8');
    return { kind, begin, end: to, from, to, escaped: false };
  }

  private goesOn(read: number, length: number | undefined): boolean {
    if (length !== undefined) return read < length;
    if (this.bytes[this.position] !== breakByte) return true;
    this.position += 1;
    return false;
  }

  private list(begin: number, length: number | undefined, depth: number): TreeNode {
    const items: TreeNode[] = [];
    while (this.goesOn(items.length, length)) items.push(this.value(depth + 1));
    return { kind: 'list', begin, end: this.position, items };
  }

  private group(begin: number, length: number | undefined, depth: number): TreeNode {
    const entries: Entry[] = [];
    let names: Set<string> | undefined;
    while (this.goesOn(entries.length, length)) {
      const key = this.value(depth + 1);
      if (key.kind !== 'text') throw notUnderstood('a key in the CBOR of an answer is no text');
      const name = cbor.decode(this.bytes, key);
      if (isTwice(names, entries, name)) throw notUnderstood('the CBOR of an answer has a key twice');
      names = namesOf(names, entries, name);
      entries.push({ key, name, value: this.value(depth + 1) });
    }
    return { kind: 'group', begin, end: this.position, entries };
  }
}

/** @throws GatewayError RESPONSE_NOT_UNDERSTOOD */
export const readCbor = (bytes: Uint8Array): TreeNode => new Reader(viewOf(bytes)).document();

const headOf = (major: number, length: number): Buffer => {
  if (length < 24) return Buffer.from([(major << 5) | length]);
  const size = length < 0x100 ? 0 : length < 0x10000 ? 1 : 2;
  const head = Buffer.alloc(1 + (1 << size));
  head[0] = (major << 5) | (24 + size);
  head.writeUIntBE(length, 1, 1 << size);
  return head;
};

const textOf = (value: string): Uint8Array => {
  const bytes = Buffer.from(value);
  return Buffer.concat([headOf(3, bytes.length), bytes]);
};

export const cbor: Format = {
  name: 'CBOR',
  decode: (bytes, { from, to }: TextNode) => bytes.toString('utf8', from, to),
  text: textOf,
  key: textOf,
  none: Buffer.from([0xf6]),
  blob: (value) => Buffer.concat([headOf(2, value.length), value]),
};

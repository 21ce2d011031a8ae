/** XML as AWS writes it, with positions: UTF-8, no document type, no comments, the five named entities. */
import { isUtf8 } from 'node:buffer';
import { notUnderstood } from './not-understood.js';
import { deepest, type Format, mostNodes, type TextNode, viewOf } from './tree.js';

export interface XmlElement {
  /** Without a prefix. */
  readonly name: string;
  readonly begin: number;
  readonly end: number;
  /** Of what stands between the tags; where the element has no end tag the place is empty and at its end. */
  readonly from: number;
  readonly to: number;
  readonly attributes: readonly { readonly name: string; readonly value: TextNode }[];
  readonly children: readonly XmlElement[];
  /** Runs of characters, blank ones left out where there are children. */
  readonly texts: readonly TextNode[];
}

const broken = (): Error => notUnderstood('the XML of an answer is broken');

const nameChar = /[A-Za-z0-9_.:\u0080-\u00ff-]/;
const isNameByte = Uint8Array.from({ length: 256 }, (_, byte) => (nameChar.test(String.fromCharCode(byte)) ? 1 : 0));
const isBlank = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
const less = 0x3c;
const greater = 0x3e;
const slash = 0x2f;

const ascii = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const cdata = ascii('<![CDATA[');
const cdataEnd = ascii(']]>');
const declaration = ascii('<?xml');

class Reader {
  private position = 0;
  private nodes = 0;
  private readonly view: Buffer;

  constructor(private readonly bytes: Uint8Array) {
    this.view = viewOf(bytes);
  }

  document(): XmlElement {
    if (this.view.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf]))) this.position = 3;
    this.blank();
    if (this.stands(declaration)) this.declared();
    this.blank();
    const root = this.element(0);
    this.blank();
    if (this.position !== this.bytes.length) throw notUnderstood('something follows the XML of an answer');
    return root;
  }

  private declared(): void {
    const end = this.view.indexOf('?>', this.position);
    if (end < 0) throw broken();
    const text = this.view.toString('latin1', this.position, end);
    const encoding = /encoding\s*=\s*["']([^"']*)["']/i.exec(text)?.[1];
    if (encoding !== undefined && !/^(utf-8|us-ascii)$/i.test(encoding))
      throw notUnderstood('the XML of an answer is not UTF-8');
    this.position = end + 2;
  }

  private stands(bytes: Uint8Array): boolean {
    return this.view.subarray(this.position, this.position + bytes.length).equals(bytes);
  }

  private blank(): void {
    while (isBlank(this.bytes[this.position])) this.position += 1;
  }

  private name(): string {
    const begin = this.position;
    while (isNameByte[this.bytes[this.position] ?? 0] === 1 && this.position < this.bytes.length) this.position += 1;
    if (this.position === begin) throw broken();
    return this.view.toString('utf8', begin, this.position);
  }

  private element(depth: number): XmlElement {
    if (depth > deepest) throw notUnderstood(`the XML of an answer is deeper than ${deepest} levels`);
    if (++this.nodes > mostNodes) throw notUnderstood(`the XML of an answer has more than ${mostNodes} elements`);
    const begin = this.position;
    if (this.bytes[this.position++] !== less) throw broken();
    const tag = this.name();
    const attributes = this.attributes();
    const name = tag.slice(tag.indexOf(':') + 1);
    if (this.bytes[this.position] === slash) {
      this.position += 1;
      this.expect(greater);
      const end = this.position;
      return { name, begin, end, from: end, to: end, attributes, children: [], texts: [] };
    }
    this.expect(greater);
    const from = this.position;
    const { children, texts } = this.content(depth);
    const to = this.position;
    this.position += 2;
    if (this.name() !== tag) throw broken();
    this.blank();
    this.expect(greater);
    return { name, begin, end: this.position, from, to, attributes, children, texts };
  }

  private content(depth: number): Pick<XmlElement, 'children' | 'texts'> {
    const children: XmlElement[] = [];
    const texts: TextNode[] = [];
    for (;;) {
      const text = this.text();
      if (text) texts.push(text);
      if (this.bytes[this.position + 1] === slash) break;
      children.push(this.element(depth + 1));
    }
    const said = children.length === 0 ? texts : texts.filter((text) => !this.isBlankText(text));
    return { children, texts: said };
  }

  private isBlankText({ from, to }: TextNode): boolean {
    for (let position = from; position < to; position += 1) if (!isBlank(this.bytes[position])) return false;
    return true;
  }

  /** Up to the next tag; sections of characters are part of it. */
  private text(): TextNode | undefined {
    const from = this.position;
    let escaped = false;
    for (;;) {
      const next = this.view.indexOf(less, this.position);
      if (next < 0) throw broken();
      escaped ||= this.view.subarray(this.position, next).includes(0x26);
      this.position = next;
      if (!this.stands(cdata)) break;
      const end = this.view.indexOf(cdataEnd, next);
      if (end < 0) throw broken();
      escaped = true;
      this.position = end + cdataEnd.length;
    }
    const to = this.position;
    return to === from ? undefined : { kind: 'text', begin: from, end: to, from, to, escaped };
  }

  private attributes(): XmlElement['attributes'] {
    const found: XmlElement['attributes'][number][] = [];
    for (;;) {
      const before = this.position;
      this.blank();
      const byte = this.bytes[this.position];
      if (byte === greater || byte === slash) return found;
      if (this.position === before) throw broken();
      const name = this.name();
      if (found.some((other) => other.name === name))
        throw notUnderstood('the XML of an answer has an attribute twice');
      this.blank();
      this.expect(0x3d);
      this.blank();
      found.push({ name, value: this.attribute() });
    }
  }

  private attribute(): TextNode {
    const quote = this.bytes[this.position++];
    if (quote !== 0x22 && quote !== 0x27) throw broken();
    const from = this.position;
    const to = this.view.indexOf(quote, from);
    if (to < 0) throw broken();
    const value = this.view.subarray(from, to);
    if (value.includes(less)) throw broken();
    this.position = to + 1;
    return { kind: 'text', begin: from, end: to, from, to, escaped: value.includes(0x26) };
  }

  private expect(byte: number): void {
    if (this.bytes[this.position++] !== byte) throw broken();
  }
}

/** @throws GatewayError RESPONSE_NOT_UNDERSTOOD */
export const readXml = (bytes: Uint8Array): XmlElement => {
  if (!isUtf8(bytes)) throw notUnderstood('the XML of an answer is not UTF-8');
  return new Reader(bytes).document();
};

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const reference = /<!\[CDATA\[([\s\S]*?)\]\]>|&(#x[0-9A-Fa-f]{1,6}|#[0-9]{1,7}|[A-Za-z]+);|&/g;

const resolved = (name: string | undefined): string => {
  if (name === undefined) throw broken();
  if (!name.startsWith('#')) {
    if (!Object.hasOwn(entities, name)) throw notUnderstood('the XML of an answer has an entity of its own');
    return entities[name]!;
  }
  const point = name[1] === 'x' ? Number.parseInt(name.slice(2), 16) : Number.parseInt(name.slice(1), 10);
  if (point > 0x10ffff) throw broken();
  return String.fromCodePoint(point);
};

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaping = /[&<>"']/g;
const written = (value: string): Uint8Array => Buffer.from(value.replace(escaping, (character) => escapes[character]!));

export const xml: Format = {
  name: 'XML',
  decode: (bytes, { from, to, escaped }) => {
    const text = bytes.toString('utf8', from, to);
    if (!escaped) return text;
    return text.replace(
      reference,
      (_, section: string | undefined, name: string | undefined) => section ?? resolved(name),
    );
  },
  text: written,
  key: written,
  none: new Uint8Array(0),
  blob: (value) => Buffer.from(Buffer.from(value).toString('base64')),
};

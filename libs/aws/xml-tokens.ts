/**
 * Cuts an XML document into tokens: strict, non-validating, and without a document type, so that nothing expands. What
 * AWS's query, EC2 and REST-XML protocols send is a small part of XML 1.0; the rest is refused.
 */
import { GatewayError } from '@sallyport/core';
import { unescapeText } from './xml-text.js';

interface Span {
  /** Offsets into the text, in UTF-16 units; tokens lie end to end and cover all of it. */
  readonly start: number;
  readonly end: number;
}

export interface XmlTag extends Span {
  readonly kind: 'start' | 'empty';
  /** With its prefix, as written. */
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
}
export interface XmlEndTag extends Span {
  readonly kind: 'end';
  readonly name: string;
}
export interface XmlText extends Span {
  readonly kind: 'text' | 'cdata';
  /** What the text means: references replaced, line ends as `\n`. */
  readonly value: string;
}
export interface XmlAside extends Span {
  readonly kind: 'comment' | 'declaration';
}
export type XmlToken = XmlTag | XmlEndTag | XmlText | XmlAside;

export interface XmlLimits {
  /** Of the document. */
  readonly bytes: number;
  /** Elements and pieces of text. */
  readonly nodes: number;
  readonly depth: number;
}
export const xmlLimits: XmlLimits = { bytes: 32 * 1024 * 1024, nodes: 1_000_000, depth: 64 };

const nameStart =
  'A-Za-z_\\u{C0}-\\u{D6}\\u{D8}-\\u{F6}\\u{F8}-\\u{2FF}\\u{370}-\\u{37D}\\u{37F}-\\u{1FFF}\\u{3001}-\\u{D7FF}';
const localName = `[${nameStart}][${nameStart}0-9.\\-]*`;
const xmlName = `${localName}(?::${localName})?`;
const space = '[ \\t\\r\\n]'; // XML's own four are fewer than those of \s
const startTag = new RegExp(`<(${xmlName})`, 'uy');
const endTag = new RegExp(`</(${xmlName})${space}*>`, 'uy');
const attribute = new RegExp(`${space}+(${xmlName})${space}*=${space}*(?:"([^"<]*)"|'([^'<]*)')`, 'uy');
const tagEnd = /[ \t\r\n]*(\/?)>/y;
const stated = (name: string, value: string): string => `${space}+${name}${space}*=${space}*["']${value}["']`;
const declaration = new RegExp(
  `<\\?xml${stated('version', '1\\.[01]')}(?:${stated('encoding', '([\\w.-]+)')})?(?:${stated('standalone', '(?:yes|no)')})?${space}*\\?>`,
  'y',
);
const forbidden = /[^\t\n\r\x20-\ufffd]/;

const matchAt = (pattern: RegExp, text: string, at: number): RegExpExecArray | null => {
  pattern.lastIndex = at;
  return pattern.exec(text);
};

const malformed = (what: string, at: number): GatewayError =>
  new GatewayError('PROTOCOL_VIOLATION', `the XML is not well-formed: ${what} at offset ${at}`);

/**
 * The tokens of a whole document, checked as they come: tags match, there is one root, attributes are unique.
 *
 * @throws GatewayError PROTOCOL_VIOLATION, or TOO_LARGE for more than the limits
 */
export function* xmlTokens(text: string, limits: XmlLimits = xmlLimits): Generator<XmlToken, void, undefined> {
  if (text.length > limits.bytes) throw new GatewayError('TOO_LARGE', `XML of more than ${limits.bytes} bytes`);
  if (forbidden.test(text)) throw malformed('a control character', text.search(forbidden));
  const open: string[] = [];
  let [at, nodes, rooted] = [text.startsWith('\ufeff') ? 1 : 0, 0, false];
  while (at < text.length) {
    const token = readToken(text, at);
    const counted = token.kind !== 'end' && token.kind !== 'comment';
    if (counted && ++nodes > limits.nodes)
      throw new GatewayError('TOO_LARGE', `XML of more than ${limits.nodes} nodes`);
    if (open.length === 0) rooted = outsideRoot(token, text, rooted);
    else if (token.kind === 'declaration') throw malformed('a declaration inside an element', at);
    if (token.kind === 'start' && open.push(token.name) > limits.depth)
      throw new GatewayError('TOO_LARGE', `XML that nests deeper than ${limits.depth}`);
    if (token.kind === 'end' && open.pop() !== token.name) throw malformed(`an end tag that ends nothing`, at);
    yield token;
    at = token.end;
  }
  if (!rooted || open.length > 0) throw malformed('an end too early', at);
}

/** @returns whether the document has its root now */
const outsideRoot = (token: XmlToken, text: string, rooted: boolean): boolean => {
  if (token.kind === 'start' || token.kind === 'empty') {
    if (rooted) throw malformed('a second root', token.start);
    return true;
  }
  if (token.kind === 'text' && !/[^ \t\r\n]/.test(text.slice(token.start, token.end))) return rooted;
  if (token.kind === 'declaration' && text.slice(0, token.start).replace('\ufeff', '') === '') return rooted;
  if (token.kind === 'comment') return rooted;
  throw malformed('something outside the root', token.start);
};

const readToken = (text: string, at: number): XmlToken => {
  if (text[at] !== '<') return readText(text, at);
  switch (text[at + 1]) {
    case '/':
      return readEndTag(text, at);
    case '?':
      return readDeclaration(text, at);
    case '!':
      return readMarked(text, at);
    default:
      return readTag(text, at);
  }
};

const readText = (text: string, start: number): XmlText => {
  const next = text.indexOf('<', start);
  const end = next < 0 ? text.length : next;
  const raw = text.slice(start, end);
  if (raw.includes(']]>')) throw malformed('"]]>" in text', start);
  return { kind: 'text', start, end, value: meaning(raw, start) };
};

const meaning = (raw: string, at: number): string => {
  const value = unescapeText(raw);
  if (value === undefined) throw malformed('an unknown entity', at);
  return value;
};

const readEndTag = (text: string, start: number): XmlEndTag => {
  const match = matchAt(endTag, text, start);
  if (!match) throw malformed('an end tag', start);
  return { kind: 'end', start, end: endTag.lastIndex, name: match[1]! };
};

const readTag = (text: string, start: number): XmlTag => {
  const match = matchAt(startTag, text, start);
  if (!match) throw malformed('a tag', start);
  const attributes = new Map<string, string>();
  let at = startTag.lastIndex;
  for (let next = matchAt(attribute, text, at); next; next = matchAt(attribute, text, at)) {
    const name = next[1]!;
    if (attributes.has(name)) throw malformed('an attribute given twice', at);
    attributes.set(name, meaning(next[2] ?? next[3]!, at));
    at = attribute.lastIndex;
  }
  const end = matchAt(tagEnd, text, at);
  if (!end) throw malformed('a tag', at);
  return { kind: end[1] ? 'empty' : 'start', start, end: tagEnd.lastIndex, name: match[1]!, attributes };
};

const readDeclaration = (text: string, start: number): XmlAside => {
  const match = matchAt(declaration, text, start);
  if (!match) throw malformed('a processing instruction', start);
  if (match[1] && !/^(utf-8|us-ascii)$/i.test(match[1])) throw malformed('an encoding other than UTF-8', start);
  return { kind: 'declaration', start, end: declaration.lastIndex };
};

const readMarked = (text: string, start: number): XmlToken => {
  if (text.startsWith('<![CDATA[', start)) {
    const end = text.indexOf(']]>', start + 9);
    if (end < 0) throw malformed('a section without end', start);
    return { kind: 'cdata', start, end: end + 3, value: text.slice(start + 9, end).replace(/\r\n?/g, '\n') };
  }
  if (!text.startsWith('<!--', start)) throw malformed('a document type', start);
  const end = text.indexOf('--', start + 4);
  if (end < 0 || text[end + 2] !== '>') throw malformed('a comment', start);
  return { kind: 'comment', start, end: end + 3 };
};

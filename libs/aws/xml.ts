/** XML bodies of AWS: tokens with their places for what rewrites single values, a plain tree for what reads. */
import { GatewayError } from '@sallyport/core';
import { type XmlLimits, type XmlTag, xmlLimits, xmlTokens } from './xml-tokens.js';

export { escapeText } from './xml-text.js';
export * from './xml-tokens.js';

export interface XmlElement {
  /** Without its prefix. */
  readonly name: string;
  /** By name as written, prefix included. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** The element's own text, put together; that of its children is not in it. */
  readonly text: string;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The text of an XML body, with which encoding it again gives the same bytes.
 *
 * @throws GatewayError PROTOCOL_VIOLATION where it is not UTF-8, TOO_LARGE
 */
export const xmlText = (bytes: Uint8Array, limits: XmlLimits = xmlLimits): string => {
  if (bytes.length > limits.bytes) throw new GatewayError('TOO_LARGE', `XML of more than ${limits.bytes} bytes`);
  try {
    return utf8.decode(bytes);
  } catch {
    throw new GatewayError('PROTOCOL_VIOLATION', 'the XML is not UTF-8');
  }
};

/** `ns:Name` is `Name`. */
export const localName = (name: string): string => name.slice(name.indexOf(':') + 1);

type Growing = XmlElement & { readonly children: XmlElement[]; text: string };

const grow = ({ name, attributes }: XmlTag): Growing => ({ name: localName(name), attributes, children: [], text: '' });

/**
 * @returns the root
 * @throws GatewayError PROTOCOL_VIOLATION, or TOO_LARGE for more than the limits
 */
export const parseXml = (bytes: Uint8Array, limits: XmlLimits = xmlLimits): XmlElement => {
  const top: Growing = { name: '', attributes: new Map(), children: [], text: '' };
  const open = [top];
  for (const token of xmlTokens(xmlText(bytes, limits), limits)) {
    const parent = open.at(-1)!;
    if (token.kind === 'end') open.pop();
    else if (token.kind === 'text' || token.kind === 'cdata') parent.text += token.value;
    else if (token.kind === 'start' || token.kind === 'empty') {
      const element = grow(token);
      parent.children.push(element);
      if (token.kind === 'start') open.push(element);
    }
  }
  return top.children[0]!;
};

/**
 * An XML body as values by wire names: an element without children is its text, one with children an object, and elements
 * of one name side by side are a list. Attributes and the name of the root are left out.
 */
import { GatewayError } from '@sallyport/core';
import { parseXml, type XmlElement } from '../xml.js';
import { maxInspectedBytes } from './body.js';
import { refuse } from './refuse.js';

type XmlValue = string | { readonly [name: string]: XmlValue | readonly XmlValue[] };

const limits = { bytes: maxInspectedBytes, nodes: 500_000, depth: 64 };

export const parseXmlInput = (body: Uint8Array): XmlValue => xmlValue(parse(body));

const parse = (body: Uint8Array): XmlElement => {
  try {
    return parseXml(body, limits);
  } catch (cause) {
    return cause instanceof GatewayError ? refuse(cause.message) : refuse('the body is not XML');
  }
};

const xmlValue = ({ children, text }: XmlElement): XmlValue => {
  if (children.length === 0) return text;
  if (text.trim() !== '') return refuse('the XML has text between its elements');
  const lists = new Map<string, XmlValue[]>();
  for (const child of children) {
    const list = lists.get(child.name);
    if (list) list.push(xmlValue(child));
    else lists.set(child.name, [xmlValue(child)]);
  }
  return Object.fromEntries([...lists].map(([name, list]) => [name, list.length === 1 ? list[0]! : list]));
};

/** Hides values in what a model wrote for a tool: usually JSON, in a string of JSON. */
import { GatewayError } from '@sallyport/core';
import { edit, type JsonEdit, type JsonNode, jsonString, parseJson } from '../json-spans.js';
import type { TextMasker } from '../text-masker.js';

const treeOf = (bytes: Uint8Array): JsonNode | undefined => {
  try {
    return parseJson(bytes);
  } catch (error) {
    if (error instanceof GatewayError) return undefined; // a text, then
    throw error;
  }
};

const editsIn = (bytes: Uint8Array, node: JsonNode, masker: TextMasker): JsonEdit[] => {
  if (node.kind === 'object') return [...node.members.values()].flatMap((value) => editsIn(bytes, value, masker));
  if (node.kind === 'array') return node.items.flatMap((item) => editsIn(bytes, item, masker));
  if (node.kind === 'string') return [masker.string(bytes, node)].filter((one) => one !== undefined);
  const text = Buffer.from(bytes.subarray(node.start, node.end)).toString();
  const masked = masker.text(text);
  return masked === text ? [] : [{ start: node.start, end: node.end, bytes: jsonString(masked) }];
};

const string = /"(?:[^"\\]|\\.)*"/gs;
const bare = /[^\s,:[\]{}"]*⟦[^⟧]*⟧[^\s,:[\]{}"]*/g;

/** What stands for a number stands there as a string, so that JSON stays JSON. */
const quoted = (text: string): string => {
  const between = (part: string): string => part.replace(bare, (value) => JSON.stringify(value));
  let [result, position] = ['', 0];
  for (const found of text.matchAll(string)) {
    result += between(text.slice(position, found.index)) + found[0];
    position = found.index + found[0].length;
  }
  return result + between(text.slice(position));
};

/**
 * String by string, as a tool will read them, and then as one text, in which a name says what a value is.
 * @returns the text itself where nothing is hidden
 */
export const maskedInput = (text: string, masker: TextMasker): string => {
  const bytes = Buffer.from(text);
  const tree = treeOf(bytes);
  if (tree === undefined) return masker.text(text);
  const inner = Buffer.from(edit(bytes, editsIn(bytes, tree, masker))).toString();
  const masked = masker.text(inner);
  return masked === inner ? (inner === bytes.toString() ? text : inner) : quoted(masked);
};

/** Hides values in what a model wrote for a tool: usually JSON, in a string of JSON, and sometimes cut short. */
import { GatewayError } from '@sallyport/core';
import { edit, type JsonEdit, type JsonNode, jsonString, parseJson } from '../json-spans.js';
import type { TextMasker } from '../text-masker.js';

/**
 * String by string, as a tool will read them, and then as one text, in which a name says what a value is.
 * @returns the text itself where nothing is hidden
 * @throws GatewayError RESPONSE_NOT_UNDERSTOOD where it is JSON that two readers would read differently
 */
export const maskedInput = (text: string, masker: TextMasker): string => {
  const bytes = Buffer.from(text);
  const tree = treeOf(bytes, text);
  const inner = tree === undefined ? literals(text, masker) : edit(bytes, editsIn(bytes, tree, masker));
  const before = typeof inner === 'string' ? inner : inner === bytes ? text : Buffer.from(inner).toString();
  const masked = masker.text(before);
  return masked === before ? before : tree === undefined ? masked : quoted(masked);
};

/** @returns undefined where it is no JSON: the model was stopped in the midst of it */
const treeOf = (bytes: Uint8Array, text: string): JsonNode | undefined => {
  try {
    return parseJson(bytes, { code: 'RESPONSE_NOT_UNDERSTOOD', what: 'the input of a tool call' });
  } catch (error) {
    if (error instanceof GatewayError && !isJson(text)) return undefined;
    throw error;
  }
};

/** A client would read it, although it has a name twice. */
const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

const editsIn = (bytes: Uint8Array, node: JsonNode, masker: TextMasker): JsonEdit[] => {
  if (node.kind === 'object') return [...node.members.values()].flatMap((value) => editsIn(bytes, value, masker));
  if (node.kind === 'array') return node.items.flatMap((item) => editsIn(bytes, item, masker));
  if (node.kind === 'string') return [masker.string(bytes, node)].filter((one) => one !== undefined);
  if (node.kind === 'word') return [];
  const text = Buffer.from(bytes.subarray(node.start, node.end)).toString();
  const masked = masker.text(text);
  return masked === text ? [] : [{ start: node.start, end: node.end, bytes: jsonString(masked) }];
};

const literal = /"(?:[^"\\]|\\.)*(?:"|\\?$)/gs;
const half = /\\(?:u[0-9A-Fa-f]{0,3})?$/;

/** Clients read half a document too, and in its strings what is escaped. */
const literals = (text: string, masker: TextMasker): string =>
  text.replace(literal, (written) => {
    const isWhole = written.length > 1 && written.endsWith('"');
    const read = readLiteral(isWhole ? written : `${written.replace(half, '')}"`);
    if (read === undefined) return written;
    const masked = masker.text(read);
    if (masked === read) return written;
    return isWhole ? JSON.stringify(masked) : JSON.stringify(masked).slice(0, -1);
  });

const readLiteral = (written: string): string | undefined => {
  try {
    return JSON.parse(written) as string;
  } catch {
    return undefined;
  }
};

const whole = /"(?:[^"\\]|\\.)*"/gs;
const bare = /[^\s,:[\]{}"]*⟦[^⟧]*⟧[^\s,:[\]{}"]*/g;

/** What stands for a number stands there as a string, so that JSON stays JSON. */
const quoted = (text: string): string => {
  const between = (part: string): string => part.replace(bare, (value) => JSON.stringify(value));
  let [result, position] = ['', 0];
  for (const found of text.matchAll(whole)) {
    result += between(text.slice(position, found.index)) + found[0];
    position = found.index + found[0].length;
  }
  return result + between(text.slice(position));
};

/** Hides values in whatever text of Converse stands below a value. */
import type { JsonEdit, JsonNode, JsonString } from '../json-spans.js';
import { opaque, ownJson } from './converse-body.js';

export interface LeafMasking {
  string(document: Uint8Array, node: JsonString): JsonEdit | undefined;
  /** JSON that a model or a tool wrote. */
  input(text: string): string;
}

/** @param skip a value that is seen to otherwise */
export const converseEdits = (
  document: Uint8Array,
  node: JsonNode,
  {
    masking,
    skip = [],
    name = '',
  }: { readonly masking: LeafMasking; readonly skip?: readonly (JsonNode | undefined)[]; readonly name?: string },
): JsonEdit[] => {
  if (skip.includes(node) || opaque.has(name)) return [];
  if (node.kind === 'string') return [masking.string(document, node)].filter((one) => one !== undefined);
  if (ownJson.has(name)) return jsonEdits(document, node, masking);
  if (node.kind === 'array')
    return node.items.flatMap((item) => converseEdits(document, item, { masking, skip, name }));
  if (node.kind !== 'object') return [];
  return [...node.members].flatMap(([inner, value]) => converseEdits(document, value, { masking, skip, name: inner }));
};

const jsonEdits = (document: Uint8Array, { start, end }: JsonNode, masking: LeafMasking): JsonEdit[] => {
  const text = Buffer.from(document.subarray(start, end)).toString();
  const masked = masking.input(text);
  return masked === text ? [] : [{ start, end, bytes: Buffer.from(masked) }];
};

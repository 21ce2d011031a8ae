/** Hides values in whatever text stands below a value. */
import type { JsonEdit, JsonNode } from '../json-spans.js';
import type { TextMasker } from '../text-masker.js';
import { typeIn } from './body.js';

/** What the API itself has chosen, and what must come back to it as it was. */
const opaque: ReadonlySet<string> = new Set([
  ...['type', 'id', 'tool_use_id', 'file_id', 'container_id', 'role', 'model', 'media_type'],
  ...['signature', 'data', 'thinking', 'cache_control'],
]);
/** Below these the names are the client's own: a parameter may well be called `id`. */
const free: ReadonlySet<string> = new Set(['input_schema', 'input_examples', 'schema']);
const isOpaque = (name: string): boolean => opaque.has(name) || name.startsWith('encrypted_');

export type StringMasker = Pick<TextMasker, 'string'>;

/** @param skip a value that is seen to otherwise */
export const leafEdits = (document: Uint8Array, node: JsonNode, masker: StringMasker, skip?: JsonNode): JsonEdit[] => {
  if (node === skip) return [];
  if (node.kind === 'string') return [masker.string(document, node)].filter((one) => one !== undefined);
  if (node.kind === 'array') return node.items.flatMap((item) => leafEdits(document, item, masker, skip));
  if (node.kind !== 'object') return [];
  // A document may be given as a text, in the member that otherwise has bytes.
  const isText = typeIn({ document, node }) === 'text';
  return [...node.members].flatMap(([name, value]) => {
    if (free.has(name)) return allEdits(document, value, masker);
    return isOpaque(name) && !(isText && name === 'data') ? [] : leafEdits(document, value, masker, skip);
  });
};

/** Whatever the names are. */
export const allEdits = (document: Uint8Array, node: JsonNode, masker: StringMasker): JsonEdit[] => {
  if (node.kind === 'string') return [masker.string(document, node)].filter((one) => one !== undefined);
  const inner = node.kind === 'array' ? node.items : node.kind === 'object' ? [...node.members.values()] : [];
  return inner.flatMap((value) => allEdits(document, value, masker));
};

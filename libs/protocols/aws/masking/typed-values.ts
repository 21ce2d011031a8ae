/**
 * Values of DynamoDB carry their type as their only member: `{"N":"17"}`. What is hidden must keep a form that readers
 * accept: a hidden number becomes a text, a set of numbers one of texts, what becomes nothing `{"NULL":true}`.
 */
import type { Place, TreeHider, WholeMask } from './hide-tree.js';
import type { GroupNode, TextNode, TreeNode } from './tree.js';

const nothing = Buffer.from('{"NULL":true}');
const textOf = (value: string | null): Uint8Array =>
  value === null ? nothing : Buffer.from(`{"S":${JSON.stringify(value)}}`);

/** @returns whether the value has been dealt with */
export const hideTyped = (hider: TreeHider, tree: GroupNode, place: Place): boolean => {
  const [entry, ...more] = tree.entries;
  if (!entry || more.length > 0 || hider.format.name !== 'JSON') return false;
  const { name: type, value } = entry;
  const mask = place.fields?.mask;
  if (mask) return hideWhole(hider, tree, type, value, mask);
  if ((type === 'S' || type === 'N') && value.kind === 'text') return hideScalar(hider, tree, value, type, place.name);
  return type === 'NS' && value.kind === 'list' ? hideNumbers(hider, tree, value.items, place.name) : false;
};

const hideScalar = (hider: TreeHider, tree: GroupNode, value: TextNode, type: string, name?: string): boolean => {
  const hidden = hider.found(value, name);
  if (hidden === undefined) return true;
  if (type === 'S' && hidden !== null) hider.replace(value, hidden);
  else hider.edit(tree, textOf(hidden));
  return true;
};

const hideNumbers = (hider: TreeHider, tree: GroupNode, items: readonly TreeNode[], name?: string): boolean => {
  const texts = items.filter((item) => item.kind === 'text');
  const hidden = texts.map((item) => hider.found(item, name));
  if (hidden.every((one) => one === undefined)) return true;
  const shown = texts.map((item, index) => hidden[index] ?? (hidden[index] === null ? '' : hider.decode(item)));
  hider.edit(tree, setOf(shown));
  return true;
};

/** A set holds each of its texts once. */
const setOf = (texts: readonly string[]): Uint8Array => Buffer.from(JSON.stringify({ SS: [...new Set(texts)] }));

const hideWhole = (hider: TreeHider, tree: GroupNode, type: string, value: TreeNode, mask: WholeMask): boolean => {
  if (type === 'NULL') return true;
  hider.texts.tally.add([mask.rule]);
  const shown = (node: TreeNode): string | null => mask.apply(node.kind === 'text' ? hider.decode(node) : '');
  if (type === 'BOOL' || mask.apply('') === null) hider.edit(tree, nothing);
  else if (type === 'S' || type === 'N') hider.edit(tree, textOf(shown(value)));
  else if ((type === 'SS' || type === 'NS') && value.kind === 'list')
    hider.edit(tree, setOf(value.items.map((item) => shown(item) ?? '')));
  else hider.whole(value, mask, type === 'B' || type === 'BS');
  return true;
};

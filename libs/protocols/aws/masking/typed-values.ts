/**
 * Values of DynamoDB carry their type as their only member: `{"N":"17"}`. What is hidden must keep a form that readers
 * accept: a hidden number becomes a text, a set of numbers one of texts, what becomes nothing `{"NULL":true}`.
 */
import type { Place, TreeHider, WholeMask } from './hide-tree.js';
import type { Hidden } from './texts.js';
import type { GroupNode, TreeNode } from './tree.js';

const nothing = Buffer.from('{"NULL":true}');
const textOf = (value: string | null): Uint8Array =>
  value === null ? nothing : Buffer.from(`{"S":${JSON.stringify(value)}}`);

interface Typed {
  readonly tree: GroupNode;
  readonly type: string;
  readonly value: TreeNode;
}

/** @returns whether the value has been dealt with */
export const hideTyped = (hider: TreeHider, tree: GroupNode, { name, fields }: Place): boolean => {
  const [entry, ...more] = tree.entries;
  if (!entry || more.length > 0 || hider.format.name !== 'JSON') return false;
  const { name: type, value } = entry;
  if (fields?.mask) return hideWhole(hider, { tree, type, value }, fields.mask);
  if ((type === 'S' || type === 'N') && value.kind === 'text')
    return hideScalar(hider, { tree, type, value }, hider.found(value, name));
  return type === 'NS' && value.kind === 'list' ? hideNumbers(hider, tree, value.items, name) : false;
};

const hideScalar = (hider: TreeHider, { tree, type, value }: Typed, hidden: Hidden): boolean => {
  if (hidden === undefined) return true;
  if (type === 'S' && hidden !== null) hider.replace(value, hidden);
  else hider.edit(tree, textOf(hidden));
  return true;
};

const hideNumbers = (hider: TreeHider, tree: GroupNode, items: readonly TreeNode[], name?: string): boolean => {
  const texts = items.filter((item) => item.kind === 'text');
  const hidden = texts.map((item) => hider.found(item, name));
  if (hidden.every((one) => one === undefined)) return true;
  hider.edit(
    tree,
    setOf(texts.map((item, index) => hidden[index] ?? (hidden[index] === null ? '' : hider.decode(item)))),
  );
  return true;
};

/** A set holds each of its texts once. */
const setOf = (texts: readonly string[]): Uint8Array => Buffer.from(JSON.stringify({ SS: [...new Set(texts)] }));

const hideWhole = (hider: TreeHider, { tree, type, value }: Typed, mask: WholeMask): boolean => {
  if (type === 'NULL') return true;
  hider.texts.tally.add([mask.rule]);
  const shown = (node: TreeNode): string | null =>
    mask.apply(node.kind === 'text' ? hider.decode(node) : hider.bytes.toString('utf8', node.begin, node.end));
  const isSet = (type === 'SS' || type === 'NS') && value.kind === 'list';
  const whole = shown(value);
  if (whole === null || type === 'BOOL') hider.edit(tree, nothing);
  else if (isSet) hider.edit(tree, setOf(value.items.map((item) => shown(item) ?? '')));
  else if (type === 'B') hider.edit(value, hider.format.blob(Buffer.from(whole)));
  else hider.edit(tree, textOf(whole));
  return true;
};

/** One tree of what was asked, whatever protocol carried it. */
import type { Identified } from '../types.js';
import { isNode, type Node } from './members.js';

/** Deeper than any model's input; a name with more dots is kept as it is. */
const deepest = 16;

/** A query body's flat names as a tree: `Tag.1.Key` becomes `{ Tag: { 1: { Key } } }`. */
const grown = (flat: Node): Node => {
  const root: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [name, value] of Object.entries(flat)) put(root, name.split('.', deepest), value);
  return root;
};

const put = (root: Record<string, unknown>, path: readonly string[], value: unknown): void => {
  let at = root;
  for (const key of path.slice(0, -1)) {
    const next = at[key];
    // A name that is a value and a structure at once: the value keeps standing beside it, under a name that no model has.
    if (!isNode(next)) at[key] = Object.assign(Object.create(null), next === undefined ? {} : { '': next });
    at = at[key] as Record<string, unknown>;
  }
  const last = path.at(-1)!;
  const before = at[last];
  if (isNode(before)) (before as Record<string, unknown>)[''] = value;
  else at[last] = value;
};

export const treeOf = ({ protocol, input }: Identified): Node =>
  protocol === 'query' || protocol === 'ec2' ? grown(input) : input;

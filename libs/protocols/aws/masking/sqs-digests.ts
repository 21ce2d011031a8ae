/** Clients of SQS check digests of what they receive: those of what was changed are made anew. */
import { createHash } from 'node:crypto';
import type { TreeHider } from './hide-tree.js';
import type { GroupNode, TreeNode } from './tree.js';

const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');

const member = (tree: TreeNode | undefined, name: string): TreeNode | undefined =>
  tree?.kind === 'group' ? tree.entries.find((entry) => entry.name === name)?.value : undefined;

const now = (hider: TreeHider, node: TreeNode | undefined): string | undefined => {
  if (node?.kind !== 'text') return undefined;
  return hider.changed.has(node) ? (hider.changed.get(node) ?? '') : hider.decode(node);
};

/** A message is what has a body and its digest. */
export const mendMessage = (hider: TreeHider, tree: GroupNode): void => {
  const digest = member(tree, 'MD5OfBody');
  const body = member(tree, 'Body');
  if (digest?.kind !== 'text' || body === undefined) return;
  if (hider.changed.has(body) && !hider.changed.has(digest))
    hider.replace(digest, md5(Buffer.from(now(hider, body) ?? '')));
  const ofAttributes = member(tree, 'MD5OfMessageAttributes');
  const attributes = member(tree, 'MessageAttributes');
  if (ofAttributes?.kind !== 'text' || attributes?.kind !== 'group' || hider.changed.has(ofAttributes)) return;
  const before = digestOf(hider, attributes, false);
  const after = digestOf(hider, attributes, true);
  if (before !== after) hider.replace(ofAttributes, after);
};

const sized = (bytes: Uint8Array): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};

/** Name, type and value of each attribute with their lengths, in the order of the names. */
const digestOf = (hider: TreeHider, attributes: GroupNode, after: boolean): string => {
  const said = (node: TreeNode | undefined): string =>
    node?.kind !== 'text' ? '' : after ? (now(hider, node) ?? '') : hider.decode(node);
  const parts = [...attributes.entries]
    .sort((left, right) => (left.name < right.name ? -1 : 1))
    .map(({ name, value }) => {
      const binary = member(value, 'BinaryValue');
      const bytes = binary ? Buffer.from(said(binary), 'base64') : Buffer.from(said(member(value, 'StringValue')));
      const kind = Buffer.from([binary ? 2 : 1]);
      return Buffer.concat([
        sized(Buffer.from(name)),
        sized(Buffer.from(said(member(value, 'DataType')))),
        kind,
        sized(bytes),
      ]);
    });
  return md5(Buffer.concat(parts));
};

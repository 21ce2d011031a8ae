/** Pieces of texts that stand in an event's JSON, as a text or in base64. */
import type { EventMessage } from '@sallyport/aws';
import type { ChannelRule } from './channel-rules.js';
import type { Channels } from './channels.js';
import { TreeHider } from './hide-tree.js';
import { json, readJson } from './json-reader.js';
import type { MemberNode } from './members.js';
import type { Documents } from './structured.js';
import { applied, type Edit, type GroupNode, type TextNode, type TreeNode } from './tree.js';

export interface PieceContext extends Documents {
  readonly channels: Channels;
}

export const memberAt = (tree: TreeNode | undefined, path: readonly string[]): TreeNode | undefined =>
  path.reduce<TreeNode | undefined>((node, name) => (node?.kind === 'group' ? memberOf(node, name) : undefined), tree);

export const memberOf = (tree: GroupNode, name: string): TreeNode | undefined =>
  tree.entries.find((entry) => entry.name === name)?.value;

/** Writes a piece where one stands. */
export const writing =
  (node: TextNode, form: ChannelRule['form']) =>
  (piece: Uint8Array): Edit => ({
    begin: node.begin,
    end: node.end,
    bytes: form === 'text' ? json.text(Buffer.from(piece).toString()) : json.blob(piece),
  });

export const reading = (bytes: Buffer, node: TextNode, form: ChannelRule['form']): Uint8Array =>
  Buffer.from(json.decode(bytes, node), form === 'text' ? 'utf8' : 'base64');

export const hidePieces = (
  message: EventMessage,
  rules: readonly ChannelRule[],
  context: PieceContext & { readonly node: MemberNode | undefined },
): EventMessage => {
  const tree = readJson(message.payload);
  const { channels, texts, answer, node } = context;
  const hider = new TreeHider(message.payload, json, texts, answer.service);
  const found = rules.flatMap((rule) => {
    const at = memberAt(tree, rule.path);
    return at?.kind === 'text' ? [{ rule, at }] : [];
  });
  for (const { at } of found) hider.done.add(at);
  hider.hide(tree, { node, fields: undefined, free: false });
  const edits = found.map(({ rule, at }) => {
    const name = channelName(rule, tree, hider.bytes);
    const write = writing(at, rule.form);
    return { name, write, edit: write(channels.push(name, reading(hider.bytes, at, rule.form))) };
  });
  const others = edits.map(({ edit }) => edit);
  for (const { name, write, edit } of edits)
    channels.remember(name, (piece) => ({
      headers: message.headers,
      payload: applied(message.payload, [
        ...hider.edits,
        ...others.filter((other) => other !== edit).map(emptied),
        write(piece),
      ]),
    }));
  return { headers: message.headers, payload: applied(message.payload, [...hider.edits, ...others]) };
};

/** What has been said in a message is not said again in one that is made like it. */
const emptied = (edit: Edit): Edit => ({ ...edit, bytes: json.text('') });

/** `event index path`: flushes ask by the beginning. */
const channelName = (rule: ChannelRule, tree: TreeNode, bytes: Buffer): string => {
  const by = rule.by === undefined ? undefined : memberAt(tree, [rule.by]);
  const index = by?.kind === 'number' ? `${bytes.toString('latin1', by.begin, by.end)} ` : '';
  return `${rule.event} ${index}${rule.path.join('.')}`;
};

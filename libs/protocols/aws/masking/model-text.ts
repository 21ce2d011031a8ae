/** What a model says in JSON of its own, in base64 within an event: every provider calls the pieces differently. */
import type { EventMessage } from '@sallyport/aws';
import { type ChannelRule, endsOfModel, isPieceOfModel, isReasonToStop } from './channel-rules.js';
import { TreeHider } from './hide-tree.js';
import { json, readJson } from './json-reader.js';
import { hidePieces, memberAt, memberOf, type PieceContext, reading, writing } from './pieces.js';
import { applied, type Edit, type GroupNode, type TextNode, type TreeNode } from './tree.js';

interface Piece {
  readonly name: string;
  readonly node: TextNode;
}

/** @returns the message, behind what has waited for it */
export const hideModelText = (message: EventMessage, rule: ChannelRule, context: PieceContext): EventMessage[] => {
  const outer = readJson(message.payload);
  const held = memberAt(outer, rule.path);
  const bytes = Buffer.from(message.payload);
  const inner = held?.kind === 'text' ? Buffer.from(reading(bytes, held, 'base64')) : undefined;
  const tree = inner && documentIn(inner);
  if (held?.kind !== 'text' || !inner || !tree)
    return [hidePieces(message, [{ ...rule, form: 'base64' }], { ...context, node: undefined })];
  const write = writing(held, 'base64');
  const withInner = (edits: readonly Edit[]): EventMessage => ({
    headers: message.headers,
    payload: applied(message.payload, [...outerEdits, write(applied(inner, edits))]),
  });
  const around = new TreeHider(message.payload, json, context.texts, context.answer.service);
  around.done.add(held);
  around.hide(outer, { node: undefined, fields: undefined, free: true });
  const outerEdits = around.edits;
  const ended = context.channels.flush(endedBy(tree, inner));
  return [...ended, withInner(innerEdits(inner, tree, context, withInner))];
};

/** The end of one block ends its texts, that of the message all of them. */
const endedBy = (tree: GroupNode, bytes: Buffer): ((name: string) => boolean) => {
  const type = memberOf(tree, 'type');
  const said = type?.kind === 'text' ? json.decode(bytes, type) : '';
  if (!endsOfModel.has(said)) return () => false;
  const index = indexOf(tree, bytes);
  return (name) => index === '' || name.startsWith(`chunk ${index}.`);
};

const documentIn = (bytes: Buffer): GroupNode | undefined => {
  try {
    const tree = readJson(bytes);
    return tree.kind === 'group' ? tree : undefined;
  } catch {
    return undefined; // a text in pieces, then
  }
};

const innerEdits = (
  bytes: Buffer,
  tree: GroupNode,
  { channels, texts, answer }: PieceContext,
  withInner: (edits: readonly Edit[]) => EventMessage,
): readonly Edit[] => {
  const hider = new TreeHider(bytes, json, texts, answer.service);
  const pieces = piecesIn(tree, indexOf(tree, bytes));
  for (const { node } of pieces) hider.done.add(node);
  hider.hide(tree, { node: { d: 1 }, fields: undefined, free: true });
  const isLast = stops(tree, hider);
  const edits = pieces.map(({ name, node }) => {
    const now = channels.push(name, reading(bytes, node, 'text'));
    return writing(node, 'text')(isLast ? Buffer.concat([now, channels.last(name)]) : now);
  });
  for (const [index, { name, node }] of pieces.entries())
    channels.remember(name, (piece) =>
      withInner([
        ...hider.edits,
        ...edits.filter((_, other) => other !== index).map((edit) => ({ ...edit, bytes: json.text('') })),
        writing(node, 'text')(piece),
      ]),
    );
  return [...hider.edits, ...edits];
};

/** Texts side by side are told apart by where they stand and by the index that the message says. */
const indexOf = (tree: GroupNode, bytes: Buffer): string => {
  const node = memberOf(tree, 'index') ?? memberAt(tree, ['contentBlockDelta', 'contentBlockIndex']);
  return node?.kind === 'number' ? bytes.toString('latin1', node.begin, node.end) : '';
};

const piecesIn = (tree: TreeNode, path: string): Piece[] => {
  if (tree.kind === 'list') return tree.items.flatMap((item, index) => piecesIn(item, `${path}.${index}`));
  if (tree.kind !== 'group') return [];
  return tree.entries.flatMap(({ name, value }) =>
    value.kind === 'text' && isPieceOfModel(name)
      ? [{ name: `chunk ${path}.${name}`, node: value }]
      : piecesIn(value, `${path}.${name}`),
  );
};

const stops = (tree: TreeNode, hider: TreeHider): boolean => {
  if (tree.kind === 'list') return tree.items.some((item) => stops(item, hider));
  if (tree.kind !== 'group') return false;
  return tree.entries.some(({ name, value }) => (isReasonToStop(name) && value.kind === 'text') || stops(value, hider));
};

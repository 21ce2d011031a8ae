/** Walks JSON and CBOR beside the model, and says what is to be written instead. */
import type { FieldPlace, Finder, Mask } from '@sallyport/masking';
import { redacted } from '@sallyport/masking';
import { isPaging, type MemberNode, type MemberReference, type ServiceMembers } from './members.js';
import { mendMessage } from './sqs-digests.js';
import { type Hidden, leastBase64, type TextHider } from './texts.js';
import { type Edit, type Entry, type Format, type GroupNode, type TextNode, type TreeNode, viewOf } from './tree.js';
import { hideTyped } from './typed-values.js';

/** What is known of the place where a value stands. */
export interface Place {
  readonly node: MemberNode | undefined;
  readonly fields: FieldPlace | undefined;
  /** What the value is called, where detectors may go by it. */
  readonly name?: string;
  /** Within what no model describes: a map, a document. */
  readonly free: boolean;
}

/** How a value is hidden that is hidden whole. */
export type WholeMask = Pick<Mask, 'rule' | 'apply'>;

const builtIn = (rule: string): WholeMask => ({ rule, apply: () => redacted(rule) });
const masks = { m: builtIn('aws-model'), l: builtIn('aws-list') };
export const builtInMask = (mark: 'm' | 'l'): WholeMask => masks[mark];

const nameMember = /^(?:tag|parameter|output|option|attribute|variable|header|property|field)?_?(?:key|name)$/i;
const valueMember = /^(?:tag|parameter|output|option|attribute|variable|header|property|field|string)?_?value$/i;

/** `{ Key: …, Value: … }`: what stands beside a value and says what it is. */
export const nameBeside = (entries: readonly { name: string }[]): { name: number; value: number } | undefined => {
  const value = entries.findIndex(({ name }) => valueMember.test(name));
  if (value < 0) return undefined;
  const name = entries.findIndex((entry) => nameMember.test(entry.name));
  return name < 0 ? undefined : { name, value };
};

export const nodeAt = (service: ServiceMembers, reference: MemberReference | undefined): MemberNode | undefined => {
  if (reference === undefined) return undefined;
  const node = service.nodes[typeof reference === 'number' ? reference : reference[0]];
  return node === 0 ? undefined : node;
};

/** No detector knows a shorter number. */
const leastDigits = 7;
const isBase64 = Uint8Array.from({ length: 256 }, (_, byte) =>
  /[A-Za-z0-9+/=]/.test(String.fromCharCode(byte)) ? 1 : 0,
);

export class TreeHider {
  readonly bytes: Buffer;
  readonly edits: Edit[] = [];
  private readonly find: Finder;
  /** What texts were changed to; null where to nothing. */
  readonly changed = new Map<TreeNode, string | null>();
  /** What somebody else deals with. */
  readonly done = new Set<TreeNode>();

  constructor(
    bytes: Uint8Array,
    readonly format: Format,
    readonly texts: TextHider,
    private readonly service: ServiceMembers,
  ) {
    this.bytes = viewOf(bytes);
    this.find = texts.masker.finder(bytes);
  }

  hide(tree: TreeNode, place: Place): void {
    if (this.done.has(tree)) return;
    const { node, fields } = place;
    const mask = fields?.mask ?? (node?.x ? masks[node.x] : undefined);
    if (node?.a && tree.kind === 'group' && hideTyped(this, tree, place)) return;
    if (mask) return this.whole(tree, mask, node?.t === 'b');
    if (tree.kind === 'text') return node?.b ? this.base64(tree) : this.text(tree, place);
    if (tree.kind === 'bytes') return this.blob(tree);
    if (tree.kind === 'number') return this.number(tree, place);
    if (tree.kind === 'list') for (const item of tree.items) this.hide(item, { ...place, node: this.itemOf(node) });
    if (tree.kind === 'group') this.group(tree, place);
  }

  /** A document is a document all the way down; of what is not known nothing is known below. */
  private itemOf(node: MemberNode | undefined): MemberNode | undefined {
    return node?.d ? node : nodeAt(this.service, node?.l);
  }

  private group(tree: GroupNode, place: Place): void {
    const { node } = place;
    if (node?.d || node?.v !== undefined || (place.free && !node)) return this.map(tree, place);
    const beside = nameBeside(tree.entries);
    const said = beside && tree.entries[beside.name]!.value;
    const called = said?.kind === 'text' ? this.format.decode(this.bytes, said) : undefined;
    for (const [index, entry] of tree.entries.entries())
      this.member(entry, place, index === beside?.value ? called : undefined);
    mendMessage(this, tree);
  }

  private member({ key, name, value }: Entry, place: Place, called: string | undefined): void {
    const { node, fields } = place;
    const reference = node?.m && Object.hasOwn(node.m, name) ? node.m[name] : undefined;
    const modelName = typeof reference === 'object' ? reference[1] : name;
    const telling = called ?? (this.texts.isTelling(name) && !this.service.quiet.has(name) ? name : undefined);
    if (reference === undefined && isPaging(name)) return;
    this.key(key, name);
    this.hide(value, {
      node: nodeAt(this.service, reference),
      fields: node?.a ? fields : fields?.member(modelName),
      free: false,
      // The letter of a type says nothing; what the attribute is called does.
      ...(node?.a ? nameOf(place) : telling === undefined ? {} : { name: telling }),
    });
  }

  private map(tree: GroupNode, { node, fields }: Place): void {
    const value = node?.d ? node : nodeAt(this.service, node?.v);
    const keyMask = nodeAt(this.service, node?.k)?.x;
    const beside = nameBeside(tree.entries);
    const said = beside && tree.entries[beside.name]!.value;
    const called = said?.kind === 'text' ? this.format.decode(this.bytes, said) : undefined;
    for (const [index, entry] of tree.entries.entries()) {
      if (keyMask) this.replaceKey(entry.key, `${redacted(masks[keyMask].rule)} ${index + 1}`, masks[keyMask].rule);
      else this.key(entry.key, entry.name);
      const name = index === beside?.value && called !== undefined ? called : entry.name;
      this.hide(entry.value, {
        node: value,
        fields: fields?.member(entry.name),
        free: true,
        ...(this.texts.isTelling(name) ? { name } : {}),
      });
    }
  }

  private text(tree: TextNode, { name }: Place): void {
    const hidden = this.found(tree, name);
    if (hidden !== undefined) this.replace(tree, hidden);
  }

  /** What detectors leave of a text; undefined where it stays as it is. */
  found(tree: TextNode, name: string | undefined): Hidden {
    const plain = !tree.escaped && name === undefined && !this.mayOpen(tree);
    if (plain && this.find(tree.from, tree.to) === undefined) return undefined;
    return this.texts.text(this.decode(tree), name);
  }

  decode(tree: TextNode): string {
    return this.format.decode(this.bytes, tree);
  }

  /** Does it look like a document, or like base64? By its bytes, so that most texts are never decoded. */
  private mayOpen({ from, to }: TextNode): boolean {
    const first = this.bytes[from];
    if (first === 0x7b || first === 0x5b || first === 0x25 || first === 0x22) return true;
    if (first === 0x20 || first === 0x0a) return true;
    if (to - from < leastBase64 || (to - from) % 4 !== 0) return false;
    for (let position = from; position < to; position += 1) if (isBase64[this.bytes[position]!] !== 1) return false;
    return true;
  }

  private base64(tree: TextNode): void {
    const hidden = this.texts.blob(Buffer.from(this.decode(tree), 'base64'));
    if (!hidden) return;
    this.changed.set(tree, Buffer.from(hidden).toString('base64'));
    this.edit(tree, this.format.blob(hidden));
  }

  private blob(tree: Extract<TreeNode, { kind: 'bytes' }>): void {
    const hidden = this.texts.blob(this.bytes.subarray(tree.from, tree.to));
    if (hidden) this.edit(tree, this.format.blob(hidden));
  }

  /** Numbers of a model are counts and times; those of somebody's document may be anything. */
  private number(tree: TreeNode, { free, name }: Place): void {
    if (!free || tree.end - tree.begin < leastDigits) return;
    const value = this.bytes.toString('latin1', tree.begin, tree.end);
    if (this.format.name === 'JSON' && this.texts.isFoundNumber(value, name)) this.edit(tree, this.format.none);
  }

  private key(key: TextNode, name: string): void {
    if (!key.escaped && this.find(key.from, key.to) === undefined) return;
    const hidden = this.texts.text(name);
    if (hidden !== undefined) this.edit(key, this.format.key(hidden ?? ''));
  }

  private replaceKey(key: TextNode, name: string, rule: string): void {
    this.texts.tally.add([rule]);
    this.edit(key, this.format.key(name));
  }

  /** Everything that is said below; what the parts are called stays. */
  whole(tree: TreeNode, mask: WholeMask, blob = false): void {
    if (tree.kind === 'list') for (const item of tree.items) this.whole(item, mask, blob);
    else if (tree.kind === 'group') this.wholeGroup(tree, mask, blob);
    else if (tree.kind !== 'literal' || !this.saysNothing(tree)) this.wholeValue(tree, mask, blob);
  }

  private wholeGroup(tree: GroupNode, mask: WholeMask, blob: boolean): void {
    for (const { key, name, value } of tree.entries) {
      this.key(key, name);
      this.whole(value, mask, blob);
    }
  }

  private wholeValue(tree: TreeNode, mask: WholeMask, blob: boolean): void {
    this.texts.tally.add([mask.rule]);
    if (tree.kind === 'number' || tree.kind === 'literal') return this.edit(tree, this.format.none);
    const value = tree.kind === 'text' ? this.format.decode(this.bytes, tree) : '';
    const hidden = mask.apply(value);
    if (hidden !== null && (blob || tree.kind === 'bytes')) this.edit(tree, this.format.blob(Buffer.from(hidden)));
    else this.replace(tree, hidden);
  }

  private saysNothing(tree: TreeNode): boolean {
    return this.bytes.subarray(tree.begin, tree.end).equals(this.format.none);
  }

  replace(tree: TreeNode, value: string | null): void {
    this.changed.set(tree, value);
    this.edit(tree, value === null ? this.format.none : this.format.text(value));
  }

  edit({ begin, end }: TreeNode, bytes: Uint8Array): void {
    this.edits.push({ begin, end, bytes });
  }
}

const nameOf = ({ name }: Place): { name?: string } => (name === undefined ? {} : { name });

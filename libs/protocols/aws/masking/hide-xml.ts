/** Walks XML beside the model, and says what is to be written instead. */
import { createHash } from 'node:crypto';
import type { FieldPlace, Finder } from '@sallyport/masking';
import { builtInMask, nameBeside, nodeAt, type Place, type WholeMask } from './hide-tree.js';
import { isPaging, type MemberNode, type ServiceMembers } from './members.js';
import type { TextHider } from './texts.js';
import { type Edit, type TextNode, viewOf } from './tree.js';
import { type XmlElement, xml } from './xml-reader.js';

export class XmlHider {
  readonly bytes: Buffer;
  readonly edits: Edit[] = [];
  private readonly find: Finder;

  constructor(
    bytes: Uint8Array,
    private readonly texts: TextHider,
    private readonly service: ServiceMembers,
  ) {
    this.bytes = viewOf(bytes);
    this.find = texts.masker.finder(bytes);
  }

  hide(element: XmlElement, place: Place): void {
    const { node, fields } = place;
    const mask = fields?.mask ?? (node?.x ? builtInMask(node.x) : undefined);
    if (mask) return this.whole(element, mask, node);
    for (const { value } of element.attributes) this.text(value, undefined);
    if (element.children.length === 0) return this.leaf(element, place);
    for (const text of element.texts) this.text(text, undefined);
    if (node?.l !== undefined) this.list(element, node, place);
    else if (node?.v !== undefined) this.map(element, node, fields);
    else this.structure(element, place);
  }

  /** An element whose described parts have been dealt with: the rest of it. */
  hideAround(root: XmlElement, done: readonly XmlElement[]): void {
    for (const { value } of root.attributes) this.text(value, undefined);
    for (const text of root.texts) this.text(text, undefined);
    for (const child of root.children)
      if (!done.includes(child)) this.hide(child, { node: undefined, fields: undefined, free: false });
  }

  private leaf(element: XmlElement, { node, name }: Place): void {
    const [text] = element.texts;
    if (!text) return;
    if (node?.b) this.base64(text);
    else this.text(text, name);
  }

  /** Of a flattened list this is one of its items. */
  private list(element: XmlElement, node: MemberNode, place: Place): void {
    const item = { ...place, node: nodeAt(this.service, node.l) };
    if (node.f) this.hide(element, item);
    else for (const child of element.children) this.hide(child, item);
  }

  /** Of a flattened map this is one of its entries. */
  private map(element: XmlElement, node: MemberNode, fields: FieldPlace | undefined): void {
    const [keyName, valueName] = node.n ?? ['key', 'value'];
    for (const entry of node.f ? [element] : element.children) {
      const key = entry.children.find(({ name }) => name === keyName);
      const said = key ? this.said(key) : '';
      for (const child of entry.children)
        if (child.name === valueName)
          this.hide(child, {
            node: nodeAt(this.service, node.v),
            fields: fields?.member(said),
            name: said,
            free: true,
          });
        else this.hide(child, { node: nodeAt(this.service, node.k), fields: undefined, free: true });
    }
  }

  private structure(element: XmlElement, { node, fields }: Place): void {
    const beside = nameBeside(element.children);
    const called = beside && this.said(element.children[beside.name]!);
    for (const [index, child] of element.children.entries())
      this.member(child, node, fields, index === beside?.value ? called : undefined);
    this.mendMessage(element);
  }

  private member(
    child: XmlElement,
    node: MemberNode | undefined,
    fields: FieldPlace | undefined,
    called?: string,
  ): void {
    const reference = node?.m && Object.hasOwn(node.m, child.name) ? node.m[child.name] : undefined;
    const modelName = typeof reference === 'object' ? reference[1] : child.name;
    if (reference === undefined && isPaging(child.name)) return;
    const isTelling = this.texts.isTelling(child.name) && !this.service.quiet.has(child.name);
    const name = called ?? (isTelling ? child.name : undefined);
    this.hide(child, {
      node: nodeAt(this.service, reference),
      fields: fields?.member(modelName),
      free: false,
      ...(name === undefined ? {} : { name }),
    });
  }

  private said({ texts: [text] }: XmlElement): string {
    return text ? xml.decode(this.bytes, text) : '';
  }

  private text(text: TextNode, name: string | undefined): void {
    if (!text.escaped && name === undefined && this.find(text.from, text.to) === undefined) {
      const value = xml.decode(this.bytes, text);
      if (!this.texts.needsOpening(value)) return;
    }
    const hidden = this.texts.text(xml.decode(this.bytes, text), name);
    if (hidden !== undefined) this.edit(text, xml.text(hidden ?? ''));
  }

  private base64(text: TextNode): void {
    const hidden = this.texts.blob(Buffer.from(xml.decode(this.bytes, text), 'base64'));
    if (hidden) this.edit(text, xml.blob(hidden));
  }

  /** Everything that is said below; a number or a time, which a mask would make unreadable, goes with its element. */
  private whole(element: XmlElement, mask: WholeMask, node: MemberNode | undefined): void {
    const kind = node?.t;
    const said = element.texts.map((text) => xml.decode(this.bytes, text)).join('');
    const hidden = said === '' ? '' : mask.apply(said);
    if (said !== '') this.texts.tally.add([mask.rule]);
    if (element.children.length === 0 && said !== '' && (kind === 'o' || hidden === null))
      return this.edit(element, new Uint8Array(0));
    for (const { value } of element.attributes) this.text(value, undefined);
    for (const child of element.children) this.whole(child, mask, this.below(node, child.name));
    const bytes = kind === 'b' ? xml.blob(Buffer.from(hidden ?? '')) : xml.text(hidden ?? '');
    for (const [index, text] of element.texts.entries()) this.edit(text, index === 0 ? bytes : new Uint8Array(0));
  }

  private below(node: MemberNode | undefined, name: string): MemberNode | undefined {
    const member = node?.m && Object.hasOwn(node.m, name) ? node.m[name] : undefined;
    // The entries of a map are elements of their own, around the key and the value.
    return (
      nodeAt(this.service, member ?? node?.l ?? (name === 'entry' ? undefined : node?.v)) ??
      (name === 'entry' ? node : undefined)
    );
  }

  /** As in sqs-digests.ts; of attributes that may have been changed the digest is left out. */
  private mendMessage(element: XmlElement): void {
    const digest = element.children.find(({ name }) => name === 'MD5OfBody');
    const body = element.children.find(({ name }) => name === 'Body');
    if (!digest?.texts[0] || !body) return;
    const edit = this.editIn(body);
    if (edit && !this.editIn(digest)) {
      const now = xml.decode(viewOf(edit.bytes), {
        kind: 'text',
        begin: 0,
        end: 0,
        from: 0,
        to: edit.bytes.length,
        escaped: true,
      });
      this.edit(digest.texts[0], xml.text(createHash('md5').update(now).digest('hex')));
    }
    const attributes = element.children.filter(
      ({ name }) => name === 'MessageAttribute' || name === 'MessageAttributes',
    );
    const ofAttributes = element.children.find(({ name }) => name === 'MD5OfMessageAttributes');
    if (ofAttributes && !this.editIn(ofAttributes) && attributes.some((attribute) => this.editIn(attribute)))
      this.edit(ofAttributes, new Uint8Array(0));
  }

  private editIn({ begin, end }: XmlElement): Edit | undefined {
    return this.edits.find((edit) => edit.begin >= begin && edit.end <= end);
  }

  private edit({ begin, end }: { begin: number; end: number }, bytes: Uint8Array): void {
    this.edits.push({ begin, end, bytes });
  }
}

/**
 * What is hidden in a request. In the conversation everything that the rules name, block by block, so that what went to
 * the model once goes to it again as it was. Elsewhere (system, tools, settings) the provider must get what the client
 * wrote, in that order, or caches and checks fail: there a secret is hidden, which is the same each time, and nothing else.
 */
import { edit, itemsOf, type JsonEdit, type JsonNode, type JsonObject, member, textOf } from '../json-spans.js';
import { maskedInput } from '../line/tool-input.js';
import { Hidden, TextMasker } from '../text-masker.js';
import type { MaskedRequest, RequestMasking } from '../types.js';
import { textIn, typeIn } from './body.js';
import { isResultBlock, sealedBlocks } from './kinds.js';
import { leafEdits } from './leaves.js';
import { Spoken, type SpokenKind } from './spoken.js';

export class RequestEdits {
  readonly #hidden = new Hidden();
  readonly #masker: TextMasker;
  readonly #secrets: TextMasker;
  readonly #spoken: Spoken;

  constructor(
    private readonly document: Uint8Array,
    private readonly masking: RequestMasking,
  ) {
    this.#masker = new TextMasker(masking, this.#hidden);
    this.#secrets = TextMasker.ofSecrets(masking, this.#hidden);
    this.#spoken = new Spoken(masking.ledger);
  }

  masked(body: JsonObject): MaskedRequest {
    const edits = [...body.members].flatMap(([name, value]) =>
      name === 'messages' && value.kind === 'array'
        ? itemsOf(value).flatMap((message) => this.#message(message))
        : this.#setting(name, value),
    );
    const inOrder = edits.sort((left, right) => left.start - right.start);
    return {
      body: edit(this.document, inOrder),
      maskedFields: this.#hidden.fields,
      maskedBy: this.#hidden.rules,
    };
  }

  #setting(name: string, value: JsonNode): JsonEdit[] {
    const parts = value.kind === 'array' ? value.items : [value];
    return parts.flatMap((part) =>
      this.#once(`member ${name}`, part, () => leafEdits(this.document, part, this.#secrets)),
    );
  }

  #message(message: JsonNode): JsonEdit[] {
    const { document } = this;
    const content = member(message, 'content');
    const beside = leafEdits(document, message, this.#masker, content);
    const role = textIn({ document, node: message }, 'role') ?? '';
    const edits = role === 'assistant' ? this.#spokenBlock : this.#block;
    const blocks = content?.kind === 'array' ? content.items : content === undefined ? [] : [content];
    const within = blocks.flatMap((block) => this.#once(`message ${role}`, block, () => edits.call(this, block)));
    return [...beside, ...within];
  }

  /**
   * @param where the same bytes may be treated otherwise elsewhere
   * @param edits what is to be hidden in the block, asked where it was not sent before
   */
  #once(where: string, { kind, start, end }: JsonNode, edits: () => JsonEdit[]): JsonEdit[] {
    if (kind === 'number' || kind === 'word') return [];
    const { ledger } = this.masking;
    const block = this.document.subarray(start, end);
    const key = Buffer.concat([Buffer.from(`${where}\0`), block]);
    const before = ledger.find(key);
    if (before === key) return [];
    if (before !== undefined) return [{ start, end, bytes: before }];
    const found = edits();
    if (found.length === 0) {
      ledger.keep(key, key);
      return [];
    }
    const sent = Uint8Array.from(edit(block, moved(found, -start)));
    ledger.keep(key, sent);
    return [{ start, end, bytes: sent }];
  }

  #block(block: JsonNode): JsonEdit[] {
    return leafEdits(this.document, block, this.#masker);
  }

  /** Of the model's own: what it said goes back as it said it, where that is known. */
  #spokenBlock(block: JsonNode): JsonEdit[] {
    const { document } = this;
    const read = { document, node: block };
    const type = typeIn(read);
    if (block.kind === 'string') return this.#again('text', textOf(document, block), block, () => this.#block(block));
    if (sealedBlocks.has(type)) return [];
    if (type === 'text') return this.#member(block, 'text', textIn(read, 'text'), (text) => this.#block(text));
    if (isResultBlock(type)) {
      const id = textIn(read, 'tool_use_id');
      return this.#member(block, 'content', id, (content) => this.#block(content));
    }
    if (member(block, 'input') === undefined) return leafEdits(document, block, this.#secrets);
    return this.#member(block, 'input', textIn(read, 'id'), (input) => this.#input(input));
  }

  #member(
    block: JsonNode,
    kind: SpokenKind,
    name: string | undefined,
    otherwise: (value: JsonNode) => JsonEdit[],
  ): JsonEdit[] {
    const value = member(block, kind);
    if (value === undefined) return [];
    return name === undefined ? otherwise(value) : this.#again(kind, name, value, () => otherwise(value));
  }

  #again(kind: SpokenKind, name: string, { start, end }: JsonNode, otherwise: () => JsonEdit[]): JsonEdit[] {
    const said = this.#spoken.find(kind, name);
    if (said === undefined) return otherwise();
    return said === 'same' ? [] : [{ start, end, bytes: said }];
  }

  #input(input: JsonNode): JsonEdit[] {
    if (input.kind === 'string') return this.#block(input);
    const { start, end } = input;
    const text = Buffer.from(this.document.subarray(start, end)).toString();
    const masked = maskedInput(text, this.#masker);
    return masked === text ? [] : [{ start, end, bytes: Buffer.from(masked) }];
  }
}

const moved = (edits: readonly JsonEdit[], by: number): JsonEdit[] =>
  edits.map(({ start, end, bytes }) => ({ start: start + by, end: end + by, bytes }));

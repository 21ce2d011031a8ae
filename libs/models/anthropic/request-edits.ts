/**
 * What is hidden in a request. In the conversation everything that the rules name, text by text, so that what went to
 * the model once goes to it again as it was. Elsewhere (system, tools, settings) the provider must get what the client
 * wrote, in that order, or caches and checks fail: there a secret is hidden, which is the same each time, and nothing else.
 */
import { edit, itemsOf, type JsonEdit, type JsonNode, type JsonObject, member, textOf } from '../json-spans.js';
import { maskedInput } from '../line/tool-input.js';
import { Hidden, TextMasker } from '../text-masker.js';
import type { MaskedRequest, RequestMasking } from '../types.js';
import { textIn, typeIn } from './body.js';
import { isResultBlock, knownMembers, sealedBlocks } from './kinds.js';
import { allEdits, leafEdits, type StringMasker } from './leaves.js';
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
    const edits = knownMembers.has(name) ? leafEdits : allEdits;
    return (value.kind === 'array' ? value.items : [value])
      .map((part) => this.#sentOnce(`member ${name}`, part, () => this.#whole(part, edits)))
      .filter((one) => one !== undefined);
  }

  /** Of a tool or the like, which clients send again as it was. */
  #whole(part: JsonNode, edits: typeof allEdits): JsonEdit | undefined {
    const found = edits(this.document, part, this.#secrets);
    const { start, end } = part;
    if (found.length === 0) return undefined;
    const within = found.map((one) => ({ ...one, start: one.start - start, end: one.end - start }));
    return { start, end, bytes: edit(this.document.subarray(start, end), within) };
  }

  #message(message: JsonNode): JsonEdit[] {
    const { document } = this;
    const content = member(message, 'content');
    const role = textIn({ document, node: message }, 'role') ?? '';
    const masker = this.#once(`message ${role}`, this.#masker);
    const beside = leafEdits(document, message, masker, content);
    const blocks = content?.kind === 'array' ? content.items : content === undefined ? [] : [content];
    const within = blocks.flatMap((block) =>
      role === 'assistant' ? this.#spokenBlock(block, masker) : leafEdits(document, block, masker),
    );
    return [...beside, ...within];
  }

  /**
   * Text by text, not block by block: clients move the mark of what is to be cached (`cache_control`) from block to block,
   * and write what was one text as a list of blocks when they do.
   * @param where the same text may be treated otherwise elsewhere
   */
  #once(where: string, masker: StringMasker): StringMasker {
    return {
      string: (document, node) => this.#sentOnce(where, node, () => masker.string(document, node)),
    };
  }

  /** @param edits what is to be hidden in it, asked where it was not sent before */
  #sentOnce(where: string, { start, end }: JsonNode, edits: () => JsonEdit | undefined): JsonEdit | undefined {
    const { ledger } = this.masking;
    const key = Buffer.concat([Buffer.from(`${where}\0`), this.document.subarray(start, end)]);
    const before = ledger.find(key);
    if (before === key) return undefined;
    if (before !== undefined) return { start, end, bytes: before };
    const found = edits();
    ledger.keep(key, found === undefined ? key : Uint8Array.from(found.bytes));
    return found;
  }

  /** Of the model's own: what it said goes back as it said it, where that is known. */
  #spokenBlock(block: JsonNode, masker: StringMasker): JsonEdit[] {
    const { document } = this;
    const read = { document, node: block };
    const type = typeIn(read);
    const edits = (node: JsonNode): JsonEdit[] => leafEdits(document, node, masker);
    if (block.kind === 'string') return this.#again('text', textOf(document, block), block, () => edits(block));
    if (sealedBlocks.has(type)) return [];
    if (type === 'text') return this.#member(block, 'text', textIn(read, 'text'), edits);
    if (isResultBlock(type)) return this.#member(block, 'content', textIn(read, 'tool_use_id'), edits);
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
    const found = this.#sentOnce('input', input, () => this.#maskedInput(input));
    return found === undefined ? [] : [found];
  }

  #maskedInput(input: JsonNode): JsonEdit | undefined {
    if (input.kind === 'string') return this.#masker.string(this.document, input);
    const { start, end } = input;
    const text = Buffer.from(this.document.subarray(start, end)).toString();
    const masked = maskedInput(text, this.#masker);
    return masked === text ? undefined : { start, end, bytes: Buffer.from(masked) };
  }
}

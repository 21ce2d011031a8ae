/** What is hidden in a request: block by block, so that what went to the model once goes to it again as it was. */
import {
  edit,
  itemsOf,
  type JsonEdit,
  type JsonNode,
  type JsonString,
  jsonString,
  member,
  stringOf,
  textOf,
} from '../json-spans.js';
import { maskedInput } from '../line/tool-input.js';
import { Hidden, TextMasker } from '../text-masker.js';
import type { MaskedRequest, RequestMasking } from '../types.js';

/** Names and states, and what the provider must get as it was. */
const opaque = new Set([
  ...['id', 'call_id', 'tool_call_id', 'approval_request_id', 'item_id', 'previous_response_id', 'file_id'],
  ...['type', 'role', 'status', 'phase', 'encrypted_content', 'file_data', 'detail', 'format', 'mode'],
]);
/** Top-level members with schemas in them, of tools and of answers. */
const described = new Set(['tools', 'functions', 'text', 'response_format']);
/** Top-level members in which the client says how it wants to be served. */
const settings = new Set([
  ...['model', 'tool_choice', 'function_call', 'include', 'reasoning', 'stream_options'],
  ...['prompt_cache_key', 'prompt_cache_options', 'service_tier', 'truncation', 'modalities', 'audio', 'conversation'],
]);
/** Texts that a model wrote for a tool. */
const inputs = new Set(['arguments', 'input']);
const thoughts = new Set(['reasoning', 'compaction']);
/** Below these the names are the client's or the model's own, and say nothing of what stands there. */
const free = new Set(['action', 'actions', 'operation', 'attributes', 'metadata', 'client_metadata', 'variables']);
/** Addresses, which may carry the thing itself: bytes, in which a detector would find what is not there. */
const addresses = new Set(['image_url', 'url', 'file_url']);

export class RequestEdits {
  readonly #hidden = new Hidden();
  readonly #masker: TextMasker;
  readonly #secrets: TextMasker;

  constructor(
    private readonly document: Uint8Array,
    private readonly masking: RequestMasking,
  ) {
    this.#masker = new TextMasker(masking, this.#hidden);
    this.#secrets = TextMasker.ofSecrets(masking, this.#hidden);
  }

  /** @param conversation the member whose items are the blocks */
  of(body: JsonNode, conversation: string): JsonEdit[] {
    if (body.kind !== 'object') return [];
    return [...body.members].flatMap(([name, value]) => {
      if (described.has(name)) return this.#descriptions(value);
      if (settings.has(name)) return [];
      if (name !== conversation || value.kind !== 'array') return this.#texts(value, name);
      return itemsOf(value).flatMap((item) => this.#block(item));
    });
  }

  masked(edits: readonly JsonEdit[]): MaskedRequest {
    const body = edit(this.document, edits);
    return { body, maskedFields: this.#hidden.fields, maskedBy: this.#hidden.rules };
  }

  #block(item: JsonNode): JsonEdit[] {
    const { start, end } = item;
    const block = this.document.subarray(start, end);
    const before = this.masking.ledger.find(block);
    const sent = before ?? this.#maskedBlock(item, block);
    if (before === undefined) this.masking.ledger.keep(Uint8Array.from(block), sent);
    return Buffer.compare(sent, block) === 0 ? [] : [{ start, end, bytes: sent }];
  }

  #maskedBlock(item: JsonNode, block: Uint8Array): Uint8Array {
    const edits = this.#texts(item, '').map((one) => ({
      ...one,
      start: one.start - item.start,
      end: one.end - item.start,
    }));
    return Uint8Array.from(edit(block, edits));
  }

  /** @param name of the member that the value is · @param isFree names below it are nobody's that is known */
  #texts(value: JsonNode, name: string, isFree = false): JsonEdit[] {
    if (!isFree && opaque.has(name)) return [];
    if (value.kind === 'string') return [this.#text(value, name)].filter((one) => one !== undefined);
    const isFreeBelow = isFree || free.has(name);
    if (value.kind === 'array') return value.items.flatMap((item) => this.#texts(item, name, isFreeBelow));
    if (value.kind !== 'object') return [];
    if (!isFree && thoughts.has(stringOf(this.document, member(value, 'type')) ?? '')) return [];
    // The bytes of a sound stand beside its format.
    const isSound = name === 'input_audio';
    return [...value.members].flatMap(([inner, one]) =>
      isSound && inner === 'data' ? [] : this.#texts(one, inner, isFreeBelow),
    );
  }

  #text(node: JsonString, name: string): JsonEdit | undefined {
    if (addresses.has(name) && isCarried(this.document, node)) return undefined;
    if (!inputs.has(name)) return this.#masker.string(this.document, node);
    const text = textOf(this.document, node);
    const masked = maskedInput(text, this.#masker);
    return masked === text ? undefined : { start: node.start, end: node.end, bytes: jsonString(masked) };
  }

  /** Of tools and formats what is meant to be read: their schemas and the credentials of MCP servers are for the provider. */
  #descriptions(value: JsonNode): JsonEdit[] {
    if (value.kind === 'array') return value.items.flatMap((item) => this.#descriptions(item));
    if (value.kind !== 'object') return [];
    return [...value.members].flatMap(([name, one]) => {
      if (name !== 'description' || one.kind !== 'string') return this.#descriptions(one);
      return [this.#secrets.string(this.document, one)].filter((found) => found !== undefined);
    });
  }
}

const scheme = Buffer.from('"data:');

const isCarried = (document: Uint8Array, { start }: JsonString): boolean =>
  Buffer.compare(document.subarray(start, start + scheme.length), scheme) === 0;

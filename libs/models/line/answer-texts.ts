/** Hides values in the texts of one answer, the same in each of the places where a text appears. */
import { type JsonEdit, type JsonNode, type JsonString, jsonString, textOf } from '../json-spans.js';
import { hasRemoteImage } from '../remote-image.js';
import { Hidden, TextMasker } from '../text-masker.js';
import type { AnswerFlag, ModelAnswer, RequestMasking } from '../types.js';
import { TextChannel } from './text-channel.js';
import { maskedInput } from './tool-input.js';

/** Members that no text stands in: what the API itself has chosen, or what must come back to it as it was. */
export type IsOpaque = (path: readonly (string | number)[]) => boolean;

export class AnswerTexts {
  readonly hidden = new Hidden();
  readonly #flags = new Set<AnswerFlag>();
  readonly #counted: TextMasker;
  /** For what has been counted, or is not to be. */
  readonly #uncounted: TextMasker;

  constructor(private readonly masking: RequestMasking) {
    this.#counted = new TextMasker(masking, this.hidden);
    this.#uncounted = new TextMasker(masking, new Hidden());
  }

  /** What is to be known of the answer; no member where there is nothing. */
  get found(): Pick<ModelAnswer, 'maskedFields' | 'maskedBy' | 'flags'> {
    const { fields, rules } = this.hidden;
    return { maskedFields: fields, maskedBy: rules, ...(this.#flags.size === 0 ? {} : { flags: [...this.#flags] }) };
  }

  #look(text: string): void {
    if (hasRemoteImage(text)) this.#flags.add('remote-image');
  }

  channel(): TextChannel {
    const { masker, placeholders } = this.masking;
    const conversation = masker.forConversation((kind, value) => placeholders.of(kind, value));
    return new TextChannel(conversation.stream(), this.hidden, (text) => this.#look(text));
  }

  /**
   * A whole text becomes what it becomes in pieces.
   * @param isNew it has not been counted before
   */
  text(text: string, isNew = true): string {
    if (this.#uncounted.text(text) === text) return text;
    const cleaner = (isNew ? this.#counted : this.#uncounted).cleaner();
    return cleaner.push(text) + cleaner.end();
  }

  /** What the model wrote for a tool. */
  input(text: string): string {
    if (maskedInput(text, this.#uncounted) === text) return text;
    return maskedInput(text, this.#counted);
  }

  string(document: Uint8Array, node: JsonString, isNew = true): JsonEdit | undefined {
    if (this.#uncounted.string(document, node) === undefined) return undefined;
    return { start: node.start, end: node.end, bytes: jsonString(this.text(textOf(document, node), isNew)) };
  }

  /** What the client is shown, and has not been shown before. */
  shown(document: Uint8Array, node: JsonString): JsonEdit | undefined {
    this.#look(textOf(document, node));
    return this.string(document, node);
  }

  #leaf(document: Uint8Array, node: JsonString, { isNew, name }: Leaf): JsonEdit[] {
    const isShown = isNew && (name === 'text' || name === 'content');
    return [isShown ? this.shown(document, node) : this.string(document, node, isNew)].filter(
      (one) => one !== undefined,
    );
  }

  /** Of every string in `node` that is none of `opaque`. */
  leaves(document: Uint8Array, node: JsonNode, { opaque, isNew = true, skip }: LeavesOptions): JsonEdit[] {
    const edits: JsonEdit[] = [];
    const walk = (at: JsonNode, path: readonly (string | number)[]): void => {
      if (skip?.has(at) === true || opaque(path)) return;
      if (at.kind === 'string') edits.push(...this.#leaf(document, at, { isNew, name: path.at(-1) }));
      else if (at.kind === 'array') for (const [index, item] of at.items.entries()) walk(item, [...path, index]);
      else if (at.kind === 'object') for (const [name, value] of at.members) walk(value, [...path, name]);
    };
    walk(node, []);
    return edits;
  }
}

interface Leaf {
  readonly isNew: boolean;
  readonly name: string | number | undefined;
}

export interface LeavesOptions {
  readonly opaque: IsOpaque;
  readonly isNew?: boolean;
  /** Values that are seen to otherwise. */
  readonly skip?: ReadonlySet<JsonNode>;
}

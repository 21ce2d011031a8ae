/** Hides values in texts of a conversation: secrets always, personal data by the rules. */
import { type ConversationMasker, secretsOnly } from '@sallyport/masking';
import { edit, type JsonEdit, type JsonString, textOf } from './json-spans.js';
import { unescaped } from './json-unescape.js';
import { TextCleaner } from './text-cleaner.js';
import type { RequestMasking } from './types.js';

/**
 * What stands for a value may stand where something else is found only now: a word begins after it. So it is looked at
 * again until nothing is found, which makes masking twice the same as once.
 */
const mostRounds = 16;

/** What was hidden in one request or answer. */
export class Hidden {
  fields = 0;
  readonly #rules = new Set<string>();

  add(hidden: number, rules: readonly string[]): void {
    this.fields += hidden;
    for (const rule of rules) this.#rules.add(rule);
  }

  get rules(): readonly string[] {
    return [...this.#rules].sort();
  }
}

export class TextMasker {
  readonly #masker: ConversationMasker;

  /** @param hidden is told what was hidden */
  constructor(
    { masker, placeholders }: Pick<RequestMasking, 'masker' | 'placeholders'>,
    private readonly hidden: Hidden,
  ) {
    this.#masker = masker.forConversation((kind, value) => placeholders.of(kind, value));
  }

  /** Hides secrets, and nothing that a rule names: for what must stay as it is for the provider to take it. */
  static ofSecrets(masking: Pick<RequestMasking, 'placeholders'>, hidden: Hidden): TextMasker {
    return new TextMasker({ masker: secretsOnly, placeholders: masking.placeholders }, hidden);
  }

  /** @returns the text with its values hidden; the text itself where there are none */
  text(text: string): string {
    const bytes = this.#rounds(Buffer.from(text), asItIs);
    return bytes === undefined ? text : bytes.toString();
  }

  /** Of a string of a JSON document. @returns undefined where nothing is hidden; every other byte of it stays as it was */
  string(document: Uint8Array, { start, end, escaped }: JsonString): JsonEdit | undefined {
    const raw = Buffer.from(document.buffer, document.byteOffset + start, end - start);
    const bytes = this.#rounds(raw, escaped ? escapedString : plainString);
    return bytes && { start, end, bytes };
  }

  /** For a text that comes in pieces. */
  cleaner(): TextCleaner {
    return new TextCleaner(this.#masker.stream(), this.hidden);
  }

  #rounds(original: Buffer, { read, at }: Writing): Buffer | undefined {
    let now = original;
    for (let round = 0; round < mostRounds; round += 1) {
      const text = read(now);
      const found = this.#masker.finder(text)(0, text.length);
      if (found === undefined) break;
      this.hidden.add(found.hidden, found.rules);
      const place = at(now);
      now = Buffer.from(
        edit(
          now,
          found.replacements.map(({ start, end, bytes }) => ({ start: place(start), end: place(end), bytes })),
        ),
      );
    }
    return now === original ? undefined : now;
  }
}

/** How a text is written. Placeholders need no escaping: they stand in JSON as they are. */
interface Writing {
  readonly read: (bytes: Buffer) => Buffer;
  /** Where the text's bytes stand in what is written, asked in rising order. */
  readonly at: (bytes: Buffer) => (position: number) => number;
}

const asItIs: Writing = { read: (bytes) => bytes, at: () => (position) => position };
const plainString: Writing = { read: (raw) => raw.subarray(1, -1), at: () => (position) => position + 1 };
const escapedString: Writing = {
  read: (raw) => Buffer.from(textOf(raw, { kind: 'string', start: 0, end: raw.length, escaped: true })),
  at: unescaped,
};

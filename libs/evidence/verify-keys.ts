import { digestOf } from './bytes.js';
import type { KeyRotated } from './event-bodies.js';
import { openRotation } from './key-rotation.js';
import { formatVerifierKey, keyTypes, parseVerifierKey, spkiOf, type VerifierKey } from './note-keys.js';
import type { ReadPins } from './pins.js';
import type { Findings } from './report.js';

/** Which sizes of the log a key signed for in this bundle. */
interface Use {
  readonly key: VerifierKey;
  least: number;
  most: number;
}

/**
 * The keys of a bundle and which of them can be trusted: the pinned ones, and those that a rotation on record joins to a
 * pinned one. A rotation is read after the checkpoints before it, so trust is settled at the end.
 */
export class KeyCheck {
  readonly #findings: Findings;
  readonly #pins: ReadPins;
  readonly #known = new Map<string, VerifierKey>();
  readonly #listed = new Set<string>();
  readonly #used = new Map<string, Use>();
  readonly #rotations: { readonly old: string; readonly new: string; readonly seq: number }[] = [];

  constructor(findings: Findings, pins: ReadPins) {
    this.#findings = findings;
    this.#pins = pins;
    for (const key of [...pins.log, ...pins.witnesses]) this.#known.set(formatVerifierKey(key), key);
  }

  /** Keys that the header names: known by it, trusted by nothing. */
  list(texts: readonly string[]): void {
    for (const text of texts) {
      try {
        if (this.#listed.has(text)) this.#findings.add('key.repeated', 'the header names a key twice');
        this.#known.set(text, parseVerifierKey(text));
        this.#listed.add(text);
      } catch {
        this.#findings.add('key.malformed', 'the header names a key that is none');
      }
    }
  }

  get known(): VerifierKey[] {
    return [...this.#known.values()];
  }

  /** A key made a valid signature: under a checkpoint of `size`, or under a recording, which says nothing of a size. */
  use(key: VerifierKey, size?: number): void {
    const text = formatVerifierKey(key);
    const use = this.#used.get(text) ?? { key, least: Number.POSITIVE_INFINITY, most: 0 };
    this.#used.set(text, { key, least: Math.min(use.least, size ?? use.least), most: Math.max(use.most, size ?? 0) });
  }

  /** The log key with this SubjectPublicKeyInfo. */
  bySpki(digest: string): VerifierKey | undefined {
    return this.known.find((key) => key.type === keyTypes.ed25519 && digestOf(spkiOf(key)) === digest);
  }

  rotate(body: KeyRotated, seq: number): void {
    const rotation = openRotation(body);
    if (rotation.old.name !== this.#pins.origin)
      this.#findings.add('key.foreign-rotation', 'a key of another log was rotated here');
    this.#known.set(body.new, rotation.new);
    this.#known.set(body.old, rotation.old);
    this.#rotations.push({ old: body.old, new: body.new, seq });
  }

  /** Pinned keys and those joined to them by rotations, in either direction: each rotation bears both signatures. */
  #trusted(): Set<string> {
    const trusted = new Set(this.#pins.log.map(formatVerifierKey));
    for (let grown = true; grown; ) {
      const before = trusted.size;
      for (const { old, new: next } of this.#rotations)
        if (trusted.has(old) || trusted.has(next)) trusted.add(old).add(next);
      grown = trusted.size > before;
    }
    return trusted;
  }

  /** Each log key that signed must be trusted, and must have signed only while it was the log's key. */
  finish(): void {
    const trusted = this.#trusted();
    for (const [text, { key, least, most }] of this.#used) {
      if (key.type !== keyTypes.ed25519) continue;
      const from = this.#rotations.find((rotation) => rotation.new === text)?.seq ?? -1;
      const until = this.#rotations.find((rotation) => rotation.old === text)?.seq ?? Number.POSITIVE_INFINITY;
      if (!trusted.has(text))
        this.#findings.add(
          'key.untrusted',
          `log key '${key.name}+${key.id}' is not pinned, and no rotation joins it to one that is`,
        );
      else if (least <= from || most > until)
        this.#findings.add('key.out-of-time', `log key '${key.name}+${key.id}' signed when it was not the log's key`);
    }
  }
}

/**
 * One text of an answer, as a person would read it: documents inside it (JSON, percent-encoded policies, base64) are
 * opened, looked at, and closed again where something was hidden.
 */
import { isUtf8 } from 'node:buffer';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Masker } from '@sallyport/masking';
import { redacted } from '@sallyport/masking';
import { notUnderstood } from './not-understood.js';
import type { Tally } from './tally.js';

/** Null where a rule says that a value which holds such a thing becomes null; undefined where it stays as it is. */
export type Hidden = string | null | undefined;

/** Looks at a JSON document. @returns undefined where it is none, or nothing was hidden */
export type DocumentHider = (text: string, level: number) => string | undefined;

/** A document within a document within a document is looked at as text. */
const deepestLevel = 3;
const longestDocument = 4 * 1024 * 1024;
const mostInflated = 64 * 1024 * 1024;
/** Of all texts of one document: each may be small and inflate a thousandfold, and nothing else runs meanwhile. */
const mostInflatedInAll = 128 * 1024 * 1024;

const base64 = /^[A-Za-z0-9+/]+={0,2}$/;
export const leastBase64 = 16;
const looksBase64 = (text: string): boolean =>
  text.length >= leastBase64 && text.length % 4 === 0 && text.length <= longestDocument && base64.test(text);
const looksPercentEncoded = (text: string): boolean => /^%(?:7B|5B|22)/i.test(text);
const looksLikeDocument = (text: string): boolean => /^\s*[{["]/.test(text);
/** Names that detectors know; a value is read together with such a name. */
const tellingName =
  /pass|pwd|secret|token|key|credential|auth|ssn|social|tax|national|insurance|card|pan\b|iban|account|phone|mobile|tel\b|fax|mail/i;

export class TextHider {
  #inflated = 0;

  constructor(
    readonly masker: Masker,
    readonly tally: Tally,
    private readonly documents: DocumentHider,
  ) {}

  /** Another document begins: of an answer, or of an event of it. */
  begin(): void {
    this.#inflated = 0;
  }

  /** @param name what the value is called, where a detector may know by it what it is */
  text(value: string, name?: string, level = 0): Hidden {
    const opened = this.opened(value, level);
    const keyed = name === undefined ? undefined : this.keyed(opened ?? value, name);
    if (keyed === null) return null;
    const before = keyed ?? opened ?? value;
    const found = this.masker.scanJson(Buffer.from(before));
    if (!found) return keyed ?? opened;
    this.tally.add(found.rules, found.hidden);
    return found.bytes === null ? null : Buffer.from(found.bytes).toString();
  }

  /** May anything but a plain scan of the bytes find something here? */
  needsOpening(value: string): boolean {
    return looksLikeDocument(value) || looksPercentEncoded(value) || looksBase64(value);
  }

  isTelling(name: string): boolean {
    return tellingName.test(name);
  }

  private opened(value: string, level: number): string | undefined {
    if (level >= deepestLevel || value.length > longestDocument) return undefined;
    if (looksLikeDocument(value)) return this.documents(value, level + 1);
    if (looksPercentEncoded(value)) return this.percentEncoded(value, level + 1);
    return looksBase64(value) ? this.inBase64(value, level + 1) : undefined;
  }

  private percentEncoded(value: string, level: number): string | undefined {
    let decoded: string;
    try {
      decoded = decodeURIComponent(value);
    } catch {
      return undefined; // no document after all: looked at as it is
    }
    const hidden = this.text(decoded, undefined, level);
    return hidden === undefined ? undefined : encodeURIComponent(hidden ?? '');
  }

  private inBase64(value: string, level: number): string | undefined {
    const hidden = this.blob(Buffer.from(value, 'base64'), level);
    return hidden && Buffer.from(hidden).toString('base64');
  }

  /** Detectors know some values by what they are called: `"ssn": 523487719`. */
  private keyed(value: string, name: string): Hidden {
    const head = `${JSON.stringify(name)}:"`;
    const bytes = Buffer.from(`${head}${JSON.stringify(value).slice(1)}`);
    const from = Buffer.byteLength(head);
    const found = this.masker.finder(bytes)(0, bytes.length);
    const replacements = found?.replacements.filter(({ end }) => end > from) ?? [];
    if (!found || replacements.length === 0) return undefined;
    this.tally.add(found.rules, replacements.length);
    if (found.nulls) return null;
    return reread(bytes, from, replacements);
  }

  /** A number of a document that nobody described: is it one that detectors know, by itself or by its name? */
  isFoundNumber(value: string, name: string | undefined): boolean {
    const head = name === undefined ? '' : `${JSON.stringify(name)}:`;
    const bytes = Buffer.from(`${head}${value}`);
    const from = Buffer.byteLength(head);
    const found = this.masker.finder(bytes)(0, bytes.length);
    if (!found?.replacements.some(({ end }) => end > from)) return false;
    this.tally.add(found.rules, 1);
    return true;
  }

  /** @returns undefined where nothing is found */
  blob(bytes: Uint8Array, level = 0): Uint8Array | undefined {
    if (level < deepestLevel && bytes[0] === 0x1f && bytes[1] === 0x8b) return this.gzipped(bytes, level + 1);
    if (isUtf8(bytes)) {
      const hidden = this.text(Buffer.from(bytes).toString(), undefined, level);
      return hidden === undefined ? undefined : Buffer.from(hidden ?? '');
    }
    return this.scanned(bytes);
  }

  /** Logs come so. What does not inflate within the bound is looked at as it is. */
  private gzipped(bytes: Uint8Array, level: number): Uint8Array | undefined {
    let plain: Uint8Array;
    try {
      plain = gunzipSync(bytes, { maxOutputLength: mostInflated });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') this.inflated(mostInflated);
      return this.scanned(bytes);
    }
    this.inflated(plain.length);
    const hidden = this.blob(plain, level);
    return hidden && gzipSync(hidden);
  }

  private inflated(bytes: number): void {
    this.#inflated += bytes;
    if (this.#inflated > mostInflatedInAll) throw notUnderstood('the texts of an answer inflate to too many bytes');
  }

  private scanned(bytes: Uint8Array): Uint8Array | undefined {
    const found = this.masker.scan(bytes);
    if (!found) return undefined;
    this.tally.add(found.rules, found.hidden);
    return found.bytes ?? new Uint8Array(0);
  }
}

const reread = (
  bytes: Buffer,
  from: number,
  replacements: readonly { start: number; end: number; bytes: Uint8Array }[],
) => {
  const pieces: Uint8Array[] = [];
  let position = from;
  for (const { start, end, bytes: other } of replacements) {
    if (start > position) pieces.push(bytes.subarray(position, start));
    pieces.push(other);
    position = end;
  }
  pieces.push(bytes.subarray(position));
  try {
    return JSON.parse(`"${Buffer.concat(pieces).toString()}`) as string;
  } catch {
    return redacted(); // the value ended within an escape: all of it is hidden
  }
};

/** What stands for a hidden value in model traffic. */
import { createHmac } from 'node:crypto';
import { placeholderOf } from '@sallyport/masking';

/**
 * Deterministic: the same value gets the same placeholder for the life of the installation, whatever the order in which
 * things are found, so that the prefix of a conversation stays the same bytes and the model can tell two values apart.
 * Letters, digits and characters that models repeat without change; none that JSON or Markdown would escape.
 */
export class Placeholders {
  /** @param key at least 16 bytes, the installation's own */
  constructor(private readonly key: Uint8Array) {}

  /** `⟦API-KEY:7f3a9c21b04d⟧`: what was hidden, and 48 bits of its HMAC-SHA-256. */
  of(kind: string, value: Uint8Array): string {
    const tag = createHmac('sha256', this.key).update(kind).update('\0').update(value).digest('hex').slice(0, 12);
    return placeholderOf(kind, tag);
  }
}

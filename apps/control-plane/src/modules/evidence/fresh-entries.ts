import { Injectable } from '@nestjs/common';
import type { Envelope } from '@sallyport/evidence';
import type { EntryRow } from './entry-rows.js';

/** What this replica has just sealed, as far as the leader needs it. */
export interface FreshEntry {
  /** Canonical JSON. */
  readonly text: string;
  readonly envelope: Envelope;
  /** SHA-256 of the body document. */
  readonly bodyDigest: Buffer;
  readonly body: unknown;
}

/** Entries, and bytes of their sealed bodies, that are kept; of more the oldest are forgotten. */
const mostEntries = 10_000;
const mostBytes = 32 * 1024 * 1024;
/** Milliseconds after which nobody is thought to take any more: this replica does not lead. */
const interestMs = 5_000;

interface Kept extends FreshEntry {
  readonly size: number;
}

/**
 * Spares the leader to read and open again what its own process has sealed a moment ago. Nothing depends on it: what is
 * not here, or is not byte for byte what the database has, is taken from the database.
 */
@Injectable()
export class FreshEntries {
  private readonly kept = new Map<string, Kept>();
  private bytes = 0;
  private interest = Number.NEGATIVE_INFINITY;

  /** Somebody takes them from now on. */
  wanted(): void {
    this.interest = performance.now();
  }

  keep(row: EntryRow, envelope: Envelope, body: unknown): void {
    if (performance.now() - this.interest > interestMs) return this.clear();
    const size = row.body.length + row.envelope.length;
    this.kept.set(keyOf(row.nonce), { text: row.envelope, envelope, bodyDigest: row.bodyDigest, body, size });
    this.bytes += size;
    while (this.kept.size > mostEntries || this.bytes > mostBytes) this.forget(this.kept.keys().next().value!);
  }

  /** @returns what was sealed under this nonce, when the stored entry is the same; each only once */
  take(stored: {
    readonly nonce: Buffer;
    readonly envelope: string;
    readonly body_digest: Buffer;
  }): FreshEntry | undefined {
    const key = keyOf(stored.nonce);
    const fresh = this.kept.get(key);
    if (fresh === undefined) return undefined;
    this.forget(key);
    return fresh.text === stored.envelope && fresh.bodyDigest.equals(stored.body_digest) ? fresh : undefined;
  }

  private forget(key: string): void {
    this.bytes -= this.kept.get(key)?.size ?? 0;
    this.kept.delete(key);
  }

  private clear(): void {
    this.kept.clear();
    this.bytes = 0;
  }
}

const keyOf = (nonce: Buffer): string => nonce.toString('latin1');

import type { BundleKind } from './bundle-records.js';

/** One thing that is wrong. `line` counts from 1. */
export interface Finding {
  readonly code: string;
  readonly message: string;
  readonly line?: number;
  /** Sequence number of the entry. */
  readonly entry?: number;
}

export interface Range {
  /** First and one past the last sequence number. */
  readonly from: number;
  readonly to: number;
}

export interface Report {
  /** Nothing wrong was found; read `notProven` for what that does not say. */
  readonly ok: boolean;
  readonly kind?: BundleKind;
  readonly origin?: string;
  /** Of the largest checkpoint. */
  readonly size: number;
  /** Base64, of the largest checkpoint. */
  readonly root?: string;
  readonly findings: readonly Finding[];
  /** All, of which `findings` keeps the first. */
  readonly findingCount: number;
  readonly proven: readonly string[];
  readonly notProven: readonly string[];
  /** Entries that no quorum of pinned witnesses has vouched for. */
  readonly unwitnessed: readonly Range[];
  /** Sessions without an end, by id, the first of them. */
  readonly openSessions: readonly string[];
  readonly counts: Readonly<Record<Counter, number>>;
}

export const counters = [
  'lines',
  'entries',
  'checkpoints',
  'cosignatures',
  'sessions',
  'openSessions',
  'operations',
  'reviews',
  'policies',
  'recordings',
  'chunks',
  'agentSigned',
  'erased',
  'sealed',
] as const;
export type Counter = (typeof counters)[number];

const maxFindings = 500;

/** Collects what the checks find, with the place they are at. */
export class Findings {
  readonly list: Finding[] = [];
  readonly #notProven = new Set<string>();
  readonly proven: string[] = [];
  readonly counts: Record<Counter, number> = Object.fromEntries(counters.map((name) => [name, 0])) as Record<
    Counter,
    number
  >;
  total = 0;
  line = 0;
  entry: number | undefined;

  /** What is left open, in the order in which it was met; a hundred sentences are enough for anybody. */
  get notProven(): readonly string[] {
    return [...this.#notProven];
  }

  leaveOpen(what: string): void {
    if (this.#notProven.size < 100) this.#notProven.add(what);
  }

  add(code: string, message: string, at: { readonly entry?: number } = {}): void {
    this.total += 1;
    if (this.list.length >= maxFindings) return;
    const entry = at.entry ?? this.entry;
    this.list.push({ code, message, line: this.line, ...(entry === undefined ? {} : { entry }) });
  }
}

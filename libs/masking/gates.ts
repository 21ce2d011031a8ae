/** Who must look closer at an anchor, told by the bytes beside it before anybody is asked. */
import { NONE } from './byte-class.js';
import type { Anchor } from './detector.js';
import type { Window } from './window.js';

export type LiteralAnchor = Extract<Anchor, { kind: 'literal' }>;

export interface Finder {
  readonly detector: number;
  readonly find: Anchor['find'];
}

export interface Literal extends Finder {
  readonly bytes: Uint8Array;
  /** Where in it the pair of bytes stands that gives it away. */
  readonly offset: number;
  readonly ignoreCase: boolean;
}

export interface Asked {
  askOne(finder: Finder, anchor: number, length: number): void;
}

type Beside = Pick<Extract<Anchor, { kind: 'digits' }>, 'before' | 'after' | 'next'>;

/** A run of digits of one length. */
export class Numbers {
  private readonly finders: Finder[] = [];
  /** A bit for each finder, by the byte before the run, by the one behind it, and by the one behind that. */
  private readonly before = new Uint32Array(NONE + 1);
  private readonly after = new Uint32Array(NONE + 1);
  private readonly next = new Uint32Array(NONE + 1);

  add(finder: Finder, { before, after, next }: Beside): void {
    if (this.finders.length === 31) throw new RangeError('too many detectors of numbers of one length');
    const bit = 1 << this.finders.length;
    for (let byte = 0; byte <= NONE; byte += 1) {
      if (before === undefined || before[byte] === 1) this.before[byte]! |= bit;
      if (after === undefined || after[byte] === 1) this.after[byte]! |= bit;
      // Where there is none in memory the finder is asked, and asks for it.
      if (next === undefined || next[byte] === 1 || byte === NONE) this.next[byte]! |= bit;
    }
    this.finders.push(finder);
  }

  get isEmpty(): boolean {
    return this.finders.length === 0;
  }

  /** @returns a bit for each finder that must be asked */
  wanted(before: number, after: number, next: number): number {
    return this.before[before]! & this.after[after]! & this.next[next]!;
  }

  ask(asked: Asked, wanted: number, start: number, length: number): void {
    for (let index = 0, left = wanted; left !== 0; index += 1, left >>>= 1)
      if ((left & 1) !== 0) asked.askOne(this.finders[index]!, start, length);
  }
}

/** Literals that are given away by the same pair of bytes. */
export class Literals {
  private readonly before = new Uint8Array(NONE + 1);
  private readonly after = new Uint8Array(NONE + 1);

  constructor(readonly all: readonly Literal[]) {
    for (const { bytes, offset, ignoreCase } of all) {
      allow(this.before, bytes[offset - 1], ignoreCase);
      allow(this.after, bytes[offset + 2], ignoreCase);
    }
  }

  /** Of one of them the bytes before and behind the pair are right, too. */
  canStand(before: number, after: number): boolean {
    return this.before[before] === 1 && this.after[after] === 1;
  }
}

/** @param byte undefined where the literal does not say what stands there */
const allow = (bytes: Uint8Array, byte: number | undefined, ignoreCase: boolean): void => {
  for (let other = 0; other <= NONE; other += 1)
    if (byte === undefined || byte === (ignoreCase ? fold(other) : other)) bytes[other] = 1;
};

const fold = (byte: number): number => (byte >= 65 && byte <= 90 ? byte | 32 : byte);

export const stands = (window: Window, { bytes, ignoreCase }: Literal, start: number): boolean => {
  if (start + bytes.length > window.end) return false;
  const text = window.bytes;
  const first = start - window.base;
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = text[first + index]!;
    if ((ignoreCase ? fold(byte) : byte) !== bytes[index]) return false;
  }
  return true;
};

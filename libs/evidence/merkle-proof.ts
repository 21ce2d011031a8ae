import { GatewayError } from '@sallyport/core';
import { sameBytes } from './bytes.js';
import { nodeHash } from './merkle-hash.js';
import { completeNodes, foldRight, type HashReader } from './merkle-tree.js';
import { floorLog2 } from './powers.js';

/** Leaves [start, end). */
type Range = readonly [start: number, end: number];

const checkSize = (holds: boolean, what: string): void => {
  if (!holds) throw new GatewayError('INVALID_INPUT', what);
};

/** The greatest power of two smaller than `width`, which is at least 2. */
const splitOf = (width: number): number => 2 ** floorLog2(width - 1);

function pathRanges(leaf: number, [start, end]: Range): Range[] {
  if (end - start === 1) return [];
  const middle = start + splitOf(end - start);
  return leaf < middle
    ? [...pathRanges(leaf, [start, middle]), [middle, end]]
    : [...pathRanges(leaf, [middle, end]), [start, middle]];
}

function subproofRanges(from: number, [start, end]: Range, whole: boolean): Range[] {
  if (from === end) return whole ? [] : [[start, end]];
  const middle = start + splitOf(end - start);
  return from <= middle
    ? [...subproofRanges(from, [start, middle], whole), [middle, end]]
    : [...subproofRanges(from, [middle, end], false), [start, middle]];
}

async function hashesOf(ranges: readonly Range[], read: HashReader): Promise<Uint8Array[]> {
  const nodes = ranges.map(([start, end]) => completeNodes(start, end));
  const hashes = await read(nodes.flat());
  const roots: Uint8Array[] = [];
  let next = 0;
  for (const { length } of nodes) {
    roots.push(foldRight(hashes.slice(next, next + length)));
    next += length;
  }
  return roots;
}

/** Root of the first `size` leaves. */
export const rootOf = async (size: number, read: HashReader): Promise<Uint8Array> =>
  foldRight(await read(completeNodes(0, size)));

/** The audit path of leaf `index` in the tree of `size` leaves: RFC 9162, 2.1.3.1. */
export async function inclusionProof(index: number, size: number, read: HashReader): Promise<Uint8Array[]> {
  checkSize(index >= 0 && index < size, `a tree of ${size} leaves has no leaf ${index}`);
  return hashesOf(pathRanges(index, [0, size]), read);
}

/** That the tree of `from` leaves is the beginning of the one of `to`: RFC 9162, 2.1.4.1. Empty for 0 and for equal sizes. */
export async function consistencyProof(from: number, to: number, read: HashReader): Promise<Uint8Array[]> {
  checkSize(from >= 0 && from <= to, `a tree of ${to} leaves does not hold one of ${from}`);
  return from === 0 || from === to ? [] : hashesOf(subproofRanges(from, [0, to], true), read);
}

const half = (value: number): number => Math.floor(value / 2);
const isOdd = (value: number): boolean => value % 2 === 1;

export interface Inclusion {
  /** `leafHash` of the entry's bytes. */
  readonly leaf: Uint8Array;
  readonly index: number;
  readonly size: number;
  readonly proof: readonly Uint8Array[];
  readonly root: Uint8Array;
}

/** RFC 9162, 2.1.3.2. */
export function verifyInclusion({ leaf, index, size, proof, root }: Inclusion): boolean {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) return false;
  let place = index;
  let last = size - 1;
  let hash = leaf;
  for (const sibling of proof) {
    if (last === 0) return false;
    if (isOdd(place) || place === last) {
      hash = nodeHash(sibling, hash);
      while (!isOdd(place) && place !== 0) [place, last] = [half(place), half(last)];
    } else {
      hash = nodeHash(hash, sibling);
    }
    [place, last] = [half(place), half(last)];
  }
  return last === 0 && sameBytes(hash, root);
}

export interface Consistency {
  readonly fromSize: number;
  readonly fromRoot: Uint8Array;
  readonly toSize: number;
  readonly toRoot: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/** RFC 9162, 2.1.4.2; a tree of no leaves is the beginning of every tree. */
export function verifyConsistency({ fromSize, fromRoot, toSize, toRoot, proof }: Consistency): boolean {
  if (!Number.isSafeInteger(fromSize) || !Number.isSafeInteger(toSize) || fromSize < 0 || fromSize > toSize)
    return false;
  if (fromSize === toSize) return proof.length === 0 && sameBytes(fromRoot, toRoot);
  if (fromSize === 0) return proof.length === 0;
  const isPowerOfTwo = 2 ** floorLog2(fromSize) === fromSize;
  const [first, ...rest] = isPowerOfTwo ? [fromRoot, ...proof] : proof;
  if (first === undefined || rest.length === 0) return false;
  return walkConsistency(first, rest, { fromSize, fromRoot, toSize, toRoot });
}

function walkConsistency(
  first: Uint8Array,
  rest: readonly Uint8Array[],
  { fromSize, fromRoot, toSize, toRoot }: Omit<Consistency, 'proof'>,
): boolean {
  let place = fromSize - 1;
  let last = toSize - 1;
  while (isOdd(place)) [place, last] = [half(place), half(last)];
  let from = first;
  let to = first;
  for (const sibling of rest) {
    if (last === 0) return false;
    if (isOdd(place) || place === last) {
      from = nodeHash(sibling, from);
      to = nodeHash(sibling, to);
      while (!isOdd(place) && place !== 0) [place, last] = [half(place), half(last)];
    } else {
      to = nodeHash(to, sibling);
    }
    [place, last] = [half(place), half(last)];
  }
  return last === 0 && sameBytes(from, fromRoot) && sameBytes(to, toRoot);
}

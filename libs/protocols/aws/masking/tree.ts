/** A body as it was read, with where in it everything stands: what is not masked stays byte for byte. */

/** From `begin` up to, without, `end`: what a replacement takes the place of. */
interface Placed {
  readonly begin: number;
  readonly end: number;
}

export interface TextNode extends Placed {
  readonly kind: 'text';
  /** The characters themselves, without quotes or length: as they are on the wire, in UTF-8. */
  readonly from: number;
  readonly to: number;
  /** The decoded text is another than the bytes. */
  readonly escaped: boolean;
}

export interface BytesNode extends Placed {
  readonly kind: 'bytes';
  readonly from: number;
  readonly to: number;
}

/** Numbers, true, false, null, and CBOR's own kinds. */
export interface OtherNode extends Placed {
  readonly kind: 'number' | 'literal';
}

export interface ListNode extends Placed {
  readonly kind: 'list';
  readonly items: readonly TreeNode[];
}

export interface Entry {
  readonly key: TextNode;
  readonly name: string;
  readonly value: TreeNode;
}

export interface GroupNode extends Placed {
  readonly kind: 'group';
  readonly entries: readonly Entry[];
}

export type TreeNode = TextNode | BytesNode | OtherNode | ListNode | GroupNode;

export interface Edit extends Placed {
  readonly bytes: Uint8Array;
}

/** What bodies are read into and written from. */
export interface Format {
  readonly name: string;
  decode(bytes: Buffer, node: TextNode): string;
  /** A text where a value stands. */
  text(value: string): Uint8Array;
  /** A text where the key of a map stands. */
  key(value: string): Uint8Array;
  /** What stands for nothing. */
  readonly none: Uint8Array;
  /** Bytes where a blob stands. */
  blob(value: Uint8Array): Uint8Array;
}

/** The same memory, read as Node reads it. */
export const viewOf = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);

/** A few names are compared one by one: a set for each of many small groups would cost more than all the rest. */
const few = 12;
export const isTwice = (names: Set<string> | undefined, entries: readonly Entry[], name: string): boolean => {
  if (names) return names.has(name);
  for (let index = 0; index < entries.length; index += 1) if (entries[index]!.name === name) return true;
  return false;
};
export const namesOf = (
  names: Set<string> | undefined,
  entries: readonly Entry[],
  name: string,
): Set<string> | undefined =>
  names?.add(name) ?? (entries.length < few ? undefined : new Set([...entries.map((entry) => entry.name), name]));

/** Each body is read to this depth and these many values: more is no answer of AWS. */
export const deepest = 256;
export const mostNodes = 4_000_000;

/** @returns the bytes themselves where there is nothing to change */
export const applied = (bytes: Uint8Array, edits: readonly Edit[]): Uint8Array => {
  if (edits.length === 0) return bytes;
  const pieces: Uint8Array[] = [];
  let position = 0;
  for (const { begin, end, bytes: other } of [...edits].sort((left, right) => left.begin - right.begin)) {
    // INVARIANT: no edit lies inside another; a walker that made one would show what it meant to hide.
    if (begin < position) throw new RangeError('edits overlap');
    pieces.push(bytes.subarray(position, begin), other);
    position = end;
  }
  pieces.push(bytes.subarray(position));
  return Buffer.concat(pieces);
};

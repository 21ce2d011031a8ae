import { expect, test } from 'vitest';
import { toHex } from './bytes.js';
import { emptyRoot, leafHash, nodeHash } from './merkle-hash.js';
import { consistencyProof, inclusionProof, rootOf, verifyConsistency, verifyInclusion } from './merkle-proof.js';
import { type HashReader, MerkleTree } from './merkle-tree.js';
import { floorLog2 } from './powers.js';
import { seededRandom } from './sample-random.js';

const hex = (text: string): Uint8Array => Buffer.from(text, 'hex');

// The eight leaves and roots that every implementation of RFC 6962 is tested with.
const ctLeaves = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
].map(hex);
const ctRoots = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

/** A tree with its nodes kept in memory, as a log keeps them in a table. */
function grow(leaves: readonly Uint8Array[]) {
  const nodes = new Map<string, Uint8Array>();
  const tree = new MerkleTree();
  const roots = [tree.root()];
  for (const leaf of leaves) {
    for (const { level, index, hash } of tree.append(leafHash(leaf))) nodes.set(`${level}/${index}`, hash);
    roots.push(tree.root());
  }
  const read: HashReader = async (ids) =>
    ids.map(({ level, index }) => {
      const hash = nodes.get(`${level}/${index}`);
      if (hash === undefined) throw new Error(`node ${level}/${index} is not stored`);
      return hash;
    });
  return { tree, roots, read, nodes };
}

/** RFC 6962, 2.1, as it is written there. */
function naiveRoot(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return emptyRoot();
  if (leaves.length === 1) return leafHash(leaves[0]!);
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return nodeHash(naiveRoot(leaves.slice(0, split)), naiveRoot(leaves.slice(split)));
}

function naivePath(index: number, leaves: readonly Uint8Array[]): Uint8Array[] {
  if (leaves.length === 1) return [];
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return index < split
    ? [...naivePath(index, leaves.slice(0, split)), naiveRoot(leaves.slice(split))]
    : [...naivePath(index - split, leaves.slice(split)), naiveRoot(leaves.slice(0, split))];
}

function naiveSubproof(from: number, leaves: readonly Uint8Array[], whole: boolean): Uint8Array[] {
  if (from === leaves.length) return whole ? [] : [naiveRoot(leaves)];
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return from <= split
    ? [...naiveSubproof(from, leaves.slice(0, split), whole), naiveRoot(leaves.slice(split))]
    : [...naiveSubproof(from - split, leaves.slice(split), false), naiveRoot(leaves.slice(0, split))];
}

const hexes = (hashes: readonly Uint8Array[]): string[] => hashes.map(toHex);

test('the roots of the eight well-known leaves are those of RFC 6962 implementations', () => {
  expect(hexes(grow(ctLeaves).roots)).toEqual(ctRoots);
});

test.each([
  [
    0,
    8,
    [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ],
  ],
  [
    5,
    8,
    [
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  ],
  [2, 3, ['fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125']],
] as const)('the inclusion proof of well-known leaf %i of %i is the known one', async (index, size, proof) => {
  expect(hexes(await inclusionProof(index, size, grow(ctLeaves).read))).toEqual(proof);
});

test.each([
  [1, 1, []],
  [
    1,
    8,
    [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ],
  ],
  [
    6,
    8,
    [
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  ],
  [
    2,
    5,
    [
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ],
  ],
] as const)('the consistency proof from well-known size %i to %i is the known one', async (from, to, proof) => {
  expect(hexes(await consistencyProof(from, to, grow(ctLeaves).read))).toEqual(proof);
});

test('every root and proof up to 40 leaves equals the one of the naive definition, and verifies', async () => {
  const random = seededRandom(1);
  const leaves = Array.from({ length: 40 }, (_, index) => random(index % 7));
  const { roots, read } = grow(leaves);
  for (let size = 1; size <= leaves.length; size += 1) {
    const part = leaves.slice(0, size);
    const root = roots[size]!;
    expect(toHex(root)).toBe(toHex(naiveRoot(part)));
    expect(toHex(await rootOf(size, read))).toBe(toHex(root));
    for (let other = 0; other < size; other += 1) {
      const path = await inclusionProof(other, size, read);
      expect(hexes(path)).toEqual(hexes(naivePath(other, part)));
      expect(verifyInclusion({ leaf: leafHash(part[other]!), index: other, size, proof: path, root })).toBe(true);
      const proof = await consistencyProof(other, size, read);
      if (other > 0) expect(hexes(proof)).toEqual(hexes(naiveSubproof(other, part, true)));
      expect(verifyConsistency({ fromSize: other, fromRoot: roots[other]!, toSize: size, toRoot: root, proof })).toBe(
        true,
      );
    }
  }
});

test('a proof with anything changed in it does not verify', async () => {
  const random = seededRandom(2);
  const leaves = Array.from({ length: 29 }, () => random(5));
  const { roots, read } = grow(leaves);
  const flipped = (bytes: Uint8Array): Uint8Array => Uint8Array.from(bytes, (byte, at) => (at === 7 ? byte ^ 1 : byte));
  for (let index = 0; index < 29; index += 1) {
    const proof = await inclusionProof(index, 29, read);
    const good = { leaf: leafHash(leaves[index]!), index, size: 29, proof, root: roots[29]! };
    const bad = [
      { ...good, leaf: flipped(good.leaf) },
      { ...good, index: (index + 1) % 29 },
      { ...good, size: 30 + index },
      { ...good, root: flipped(good.root) },
      { ...good, proof: [...proof, roots[3]!] },
      ...proof.map((_, at) => ({ ...good, proof: proof.with(at, flipped(proof[at]!)) })),
      ...proof.map((_, at) => ({ ...good, proof: proof.toSpliced(at, 1) })),
    ];
    // The same path can stand for another size where both trees have this shape; then the root decides, and it is not this one.
    for (const claim of bad) expect(claim.size === 29 && verifyInclusion(claim)).toBe(false);
  }
  for (let from = 1; from < 29; from += 1) {
    const proof = await consistencyProof(from, 29, read);
    const good = { fromSize: from, fromRoot: roots[from]!, toSize: 29, toRoot: roots[29]!, proof };
    const bad = [
      { ...good, fromRoot: flipped(good.fromRoot) },
      { ...good, toRoot: flipped(good.toRoot) },
      { ...good, proof: [...proof, roots[3]!] },
      { ...good, proof: [] },
      ...proof.map((_, at) => ({ ...good, proof: proof.with(at, flipped(proof[at]!)) })),
      ...proof.map((_, at) => ({ ...good, proof: proof.toSpliced(at, 1) })),
    ];
    for (const claim of bad) expect(verifyConsistency(claim)).toBe(false);
  }
});

test('sizes that make no sense verify nothing', () => {
  const hash = emptyRoot();
  for (const size of [-1, 0, 1.5, Number.NaN, 2 ** 60]) {
    expect(verifyInclusion({ leaf: hash, index: 0, size, proof: [], root: hash })).toBe(false);
    expect(verifyConsistency({ fromSize: 3, fromRoot: hash, toSize: size, toRoot: hash, proof: [] })).toBe(false);
  }
});

test('a tree that is loaded from its stored nodes goes on as if it had never stopped', async () => {
  const leaves = Array.from({ length: 100 }, (_, index) => Uint8Array.of(index));
  const { roots, read } = grow(leaves);
  for (const size of [0, 1, 2, 3, 31, 32, 33, 64, 99]) {
    const tree = await MerkleTree.load(size, read);
    for (const leaf of leaves.slice(size)) tree.append(leafHash(leaf));
    expect(toHex(tree.root())).toBe(toHex(roots[100]!));
  }
});

test('appending computes one hash for each completed node and stores fewer than two for each leaf', () => {
  const { nodes } = grow(Array.from({ length: 1000 }, (_, index) => Uint8Array.of(index % 256)));
  expect(nodes.size).toBeLessThan(2000);
});

test('a missing node stops a proof instead of changing it', async () => {
  const { read, nodes } = grow(ctLeaves);
  nodes.delete('1/0');
  await expect(inclusionProof(2, 8, read)).rejects.toThrow('1/0');
});

test('a frontier of the wrong length is refused', () => {
  expect(() => MerkleTree.resume(3, [emptyRoot()])).toThrow(expect.objectContaining({ code: 'EVIDENCE_INCONSISTENT' }));
});

test('logarithms are exact just below every power of two', () => {
  for (let power = 1; power <= 53; power += 1) {
    expect(floorLog2(2 ** power - 1)).toBe(power - 1);
    if (power < 53) expect(floorLog2(2 ** power)).toBe(power);
  }
});

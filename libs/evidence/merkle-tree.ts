import { GatewayError } from '@sallyport/core';
import { emptyRoot, nodeHash } from './merkle-hash.js';
import { floorLog2 } from './powers.js';

/** A complete node: it covers leaves [index · 2^level, (index + 1) · 2^level). It never changes once it exists. */
export interface NodeId {
  readonly level: number;
  readonly index: number;
}

export interface TreeNode extends NodeId {
  /** 32 bytes. */
  readonly hash: Uint8Array;
}

/** Reads stored nodes, in the order asked for; rejects when one is missing. */
export type HashReader = (nodes: readonly NodeId[]) => Promise<readonly Uint8Array[]>;

/** The complete nodes that make up the first `size` leaves, from the left: one for each bit of the size. */
export function frontierOf(size: number): NodeId[] {
  return completeNodes(0, size);
}

/** Complete nodes covering leaves [start, end); `start` must be a multiple of the greatest power of two in the width. */
export function completeNodes(start: number, end: number): NodeId[] {
  const nodes: NodeId[] = [];
  let from = start;
  while (from < end) {
    const level = floorLog2(end - from);
    const width = 2 ** level;
    nodes.push({ level, index: from / width });
    from += width;
  }
  return nodes;
}

/** Root over complete nodes from the left, as RFC 9162, 2.1.1 splits: the right side is folded first. */
export function foldRight(hashes: readonly Uint8Array[]): Uint8Array {
  const last = hashes[hashes.length - 1];
  if (last === undefined) return emptyRoot();
  return hashes.slice(0, -1).reduceRight((right, left) => nodeHash(left, right), last);
}

/**
 * The growing edge of a log's tree: its size and the hashes of its frontier, about log2(size) of them. Appending hashes
 * nothing twice; the nodes that it completes are handed out to be stored.
 */
export class MerkleTree {
  #size = 0;
  readonly #frontier: Uint8Array[] = [];

  /** Resumes at `size` with the hashes of `frontierOf(size)`, in that order. */
  static resume(size: number, frontier: readonly Uint8Array[]): MerkleTree {
    if (frontier.length !== frontierOf(size).length) {
      throw new GatewayError('EVIDENCE_INCONSISTENT', `a tree of ${size} leaves has another frontier`);
    }
    const tree = new MerkleTree();
    tree.#size = size;
    tree.#frontier.push(...frontier);
    return tree;
  }

  /** Resumes from stored nodes. */
  static async load(size: number, read: HashReader): Promise<MerkleTree> {
    return MerkleTree.resume(size, await read(frontierOf(size)));
  }

  get size(): number {
    return this.#size;
  }

  get frontier(): readonly Uint8Array[] {
    return [...this.#frontier];
  }

  /**
   * @param hash `leafHash` of the entry's bytes
   * @returns the nodes completed by it, the leaf first: store all of them
   */
  append(hash: Uint8Array): TreeNode[] {
    let node: TreeNode = { level: 0, index: this.#size, hash };
    const completed = [node];
    while (node.index % 2 === 1) {
      const left = this.#frontier.pop()!;
      node = { level: node.level + 1, index: (node.index - 1) / 2, hash: nodeHash(left, node.hash) };
      completed.push(node);
    }
    this.#frontier.push(node.hash);
    this.#size += 1;
    return completed;
  }

  root(): Uint8Array {
    return foldRight(this.#frontier);
  }

  /** An independent copy: try an append without keeping it. */
  clone(): MerkleTree {
    return MerkleTree.resume(this.#size, this.#frontier);
  }
}

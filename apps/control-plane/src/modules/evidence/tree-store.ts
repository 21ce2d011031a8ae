import { GatewayError } from '@sallyport/core';
import { type HashReader, MerkleTree, type NodeId, type TreeNode } from '@sallyport/evidence';
import type { Sql } from '../../platform/index.js';

const readNodesSql = `
  select coalesce(leaf.leaf_hash, node.hash) as hash
  from unnest($2::int[], $3::bigint[]) with ordinality as wanted (level, index, position)
    left join evidence_sequence leaf on wanted.level = 0 and leaf.log = $1 and leaf.seq = wanted.index
    left join evidence_nodes node on wanted.level > 0 and node.log = $1 and node.level = wanted.level and node.index = wanted.index
  order by wanted.position`;

/** Reads stored nodes of one log's tree. Throws EVIDENCE_INCONSISTENT for one that is not there. */
export const hashReader =
  (connection: Sql, log: number): HashReader =>
  async (nodes: readonly NodeId[]) => {
    if (nodes.length === 0) return [];
    const rows = await connection.query<{ hash: Buffer | null }[]>(readNodesSql, [
      log,
      nodes.map(({ level }) => level),
      nodes.map(({ index }) => index),
    ]);
    return rows.map(({ hash }) => {
      if (hash === null) throw new GatewayError('EVIDENCE_INCONSISTENT', 'a node of the log’s tree is missing');
      return hash;
    });
  };

/** @returns leaves of the log: gap-free, so one more than the last number */
export async function treeSize(connection: Sql, log: number): Promise<number> {
  const [row] = await connection.query<{ size: string }[]>(
    'select coalesce(max(seq) + 1, 0) as size from evidence_sequence where log = $1',
    [log],
  );
  return Number(row?.size ?? 0);
}

export async function loadTree(connection: Sql, log: number): Promise<MerkleTree> {
  return MerkleTree.load(await treeSize(connection, log), hashReader(connection, log));
}

export interface Leaf {
  readonly seq: number;
  readonly entryId: string;
  readonly hash: Uint8Array;
}

const hashBytes = 32;

// Hashes go as one value: an array of them would be written out digit by digit, here and there.
const storeLeavesSql = `
  insert into evidence_sequence (log, seq, entry_id, leaf_hash)
  select $1, $2::bigint + position - 1, entry_id, substring($4::bytea from (position::int - 1) * ${hashBytes} + 1 for ${hashBytes})
  from unnest($3::bigint[]) with ordinality as leaf (entry_id, position)`;
const storeNodesSql = `
  insert into evidence_nodes (log, level, index, hash)
  select $1, level, index, substring($4::bytea from (position::int - 1) * ${hashBytes} + 1 for ${hashBytes})
  from unnest($2::int[], $3::bigint[]) with ordinality as node (level, index, position)`;

/**
 * Stores leaves and the nodes that they completed (leaves among them are skipped).
 * @param leaves one behind the other
 */
export async function storeLeaves(
  connection: Sql,
  log: number,
  leaves: readonly Leaf[],
  nodes: readonly TreeNode[],
): Promise<void> {
  await connection.query(storeLeavesSql, [
    log,
    leaves[0]!.seq,
    leaves.map(({ entryId }) => entryId),
    Buffer.concat(leaves.map(({ hash }) => hash)),
  ]);
  const inner = nodes.filter(({ level }) => level > 0);
  await connection.query(storeNodesSql, [
    log,
    inner.map(({ level }) => level),
    inner.map(({ index }) => index),
    Buffer.concat(inner.map(({ hash }) => hash)),
  ]);
}

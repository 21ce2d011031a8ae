import { Injectable } from '@nestjs/common';
import { GatewayError } from '@sallyport/core';
import { type MerkleTree, rootOf, signCheckpoint } from '@sallyport/evidence';
import type { EntityManager } from 'typeorm';
import { Clock, Log, Notifications, type Sql } from '../../platform/index.js';
import { alarmChannel, raiseAlarm } from './alarms.js';
import type { LogKeys } from './log-identity.js';
import { hashReader } from './tree-store.js';

export const checkpointChannel = 'evidence_checkpoint_signed';

interface CheckpointRow {
  readonly size: string;
  readonly root: Buffer;
}

/** Signs tree heads, for the leader only: on the connection that holds its lock. */
@Injectable()
export class CheckpointSigner {
  constructor(
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly notifications: Notifications,
  ) {}

  /** @returns leaves under the last checkpoint of this log, -1 when there is none */
  async lastSize(connection: Sql, logId: number): Promise<number> {
    return Number((await this.last(connection, logId))?.size ?? -1);
  }

  /**
   * INVARIANT: the log never signs two checkpoints of which one does not continue the other. The last one is read again
   * under the lock and must still be the beginning of this tree.
   * @returns false when it is not: then an alarm is raised and nothing is signed
   */
  async sign(connection: EntityManager, keys: LogKeys, tree: MerkleTree): Promise<boolean> {
    const { size } = tree;
    const root = tree.root();
    const last = await this.last(connection, keys.id);
    const problem = await this.inconsistency(connection, keys, tree, last);
    if (problem !== undefined) return this.refuse(connection, keys, { problem, size, root });
    if (Number(last?.size) === size) return true;
    const note = signCheckpoint({ origin: keys.origin, size, root }, keys.signer);
    await connection.transaction(async (tx) => {
      await tx.query('insert into evidence_checkpoints (log, size, root, note, at) values ($1, $2, $3, $4, $5)', [
        keys.id,
        size,
        Buffer.from(root),
        note,
        this.clock.now(),
      ]);
      await this.notifications.publish(tx, checkpointChannel, { size });
    });
    return true;
  }

  private async inconsistency(
    connection: EntityManager,
    { id }: LogKeys,
    tree: MerkleTree,
    last: CheckpointRow | undefined,
  ): Promise<string | undefined> {
    const read = hashReader(connection, id);
    try {
      if (!Buffer.from(await rootOf(tree.size, read)).equals(tree.root()))
        return 'the stored tree is not the one that was sequenced';
      if (last === undefined) return undefined;
      if (Number(last.size) > tree.size) return 'the log is smaller than its last checkpoint';
      return last.root.equals(await rootOf(Number(last.size), read))
        ? undefined
        : 'the log does not continue its last checkpoint';
    } catch (error) {
      if (error instanceof GatewayError && error.code === 'EVIDENCE_INCONSISTENT') return error.message;
      throw error;
    }
  }

  private async refuse(
    connection: EntityManager,
    keys: LogKeys,
    claim: { problem: string; size: number; root: Uint8Array },
  ): Promise<false> {
    this.log.error('checkpoint.refused', { origin: keys.origin, size: claim.size, problem: claim.problem });
    await connection.transaction(async (tx) => {
      const root = Buffer.from(claim.root).toString('base64');
      await raiseAlarm(tx, { ...claim, log: keys.id, witness: 'self', root, at: this.clock.now() });
      await this.notifications.publish(tx, alarmChannel, {});
    });
    return false;
  }

  private async last(connection: Sql, logId: number): Promise<CheckpointRow | undefined> {
    const [row] = await connection.query<CheckpointRow[]>(
      'select size, root from evidence_checkpoints where log = $1 order by size desc limit 1',
      [logId],
    );
    return row;
  }
}

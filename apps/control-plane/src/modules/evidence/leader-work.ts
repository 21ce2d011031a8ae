import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Notifications } from '../../platform/index.js';
import { CheckpointSigner } from './checkpoint-signer.js';
import { FreshEntries } from './fresh-entries.js';
import { LogIdentity } from './log-identity.js';
import { type Projector, Sequencer } from './sequencer.js';

export const checkpointWantedChannel = 'evidence_checkpoint_wanted';
const checkpointEveryMs = 10_000;
const checkpointEveryLeaves = 1000;
const choresEveryMs = 5000;

/** What other modules want done by the leader, on its connection: each every few seconds. */
export type Chore = (connection: EntityManager) => Promise<void>;

export interface Term {
  /** @returns whether there is more to do at once */
  tick(): Promise<boolean>;
}

/** The work of the log's leader: sequence, sign, and the chores of others. */
@Injectable()
export class LeaderWork {
  private wanted = false;
  private readonly listeners = new Set<() => void>();
  private readonly chores = new Set<Chore>();
  private projector: Projector = () => Promise.resolve();

  constructor(
    private readonly identity: LogIdentity,
    private readonly signer: CheckpointSigner,
    private readonly fresh: FreshEntries,
    notifications: Notifications,
  ) {
    notifications.subscribe(
      checkpointWantedChannel,
      () => this.want(),
      () => this.want(),
    );
  }

  /** How sequenced entries become tables; before the application has started. */
  projectWith(projector: Projector): void {
    this.projector = projector;
  }

  onWanted(listener: () => void): void {
    this.listeners.add(listener);
  }

  addChore(chore: Chore): void {
    this.chores.add(chore);
  }

  /** A checkpoint over everything that is committed now, as soon as possible. */
  want(): void {
    this.wanted = true;
    for (const listener of this.listeners) listener();
  }

  /** Begins with what the database says: nothing is remembered from an earlier term. */
  async term(connection: EntityManager): Promise<Term> {
    const sequencer = new Sequencer(this.projector, this.fresh);
    let signedAt = Number.NEGATIVE_INFINITY; // the first tick of a term checks the tree, whether it has grown or not
    let choresAt = performance.now(); // after an outage every replica gets to show that it lives, before any is taken for dead
    let signedSize = await this.signer.lastSize(connection, (await this.identity.logKeys()).id);
    return {
      tick: async () => {
        const wanted = this.wanted;
        this.wanted = false;
        const count = await sequencer.sequence(connection);
        if (count === Sequencer.batchSize) {
          this.wanted ||= wanted;
          return true;
        }
        const keys = await this.identity.logKeys();
        const tree = await sequencer.tree(connection, keys.id);
        const due =
          wanted ||
          performance.now() - signedAt >= checkpointEveryMs ||
          tree.size - signedSize >= checkpointEveryLeaves;
        if (due && (tree.size !== signedSize || signedAt === Number.NEGATIVE_INFINITY)) {
          const signing = await this.identity.keysAt(connection, tree.size);
          if (await this.signer.sign(connection, signing, tree)) signedSize = tree.size;
          signedAt = performance.now();
        }
        if (performance.now() - choresAt >= choresEveryMs) {
          choresAt = performance.now();
          for (const chore of this.chores) await chore(connection);
        }
        return this.wanted;
      },
    };
  }
}

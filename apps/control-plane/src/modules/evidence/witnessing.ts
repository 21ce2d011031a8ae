import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { type AgentId, GatewayError } from '@sallyport/core';
import {
  addSignatures,
  checkNote,
  consistencyProof,
  parseNote,
  parseVerifierKey,
  type WitnessState,
} from '@sallyport/evidence';
import { DataSource } from 'typeorm';
import { Clock, Log, Notifications } from '../../platform/index.js';
import { checkpointChannel } from './checkpoint-signer.js';
import { LogHealth } from './log-health.js';
import { LogIdentity } from './log-identity.js';
import { hashReader } from './tree-store.js';

const roundEveryMs = 5000;

export interface WitnessQuestion {
  readonly checkpoint: string;
  readonly proof: readonly Uint8Array[];
  /** Changes of the log's key below the checkpoint, which the witness may not know yet. */
  readonly rotations: readonly string[];
}

export interface ConnectedWitness {
  readonly agent: AgentId;
  /** C2SP verifier key, as enrolled: not as the agent says now. */
  readonly key: string;
}

/** The agents that are linked to this replica. */
export interface WitnessHost {
  witnesses(): readonly ConnectedWitness[] | Promise<readonly ConnectedWitness[]>;
  /** @returns the cosignature line. @throws GatewayError TIMED_OUT, AGENT_LOST, or what the witness answers */
  cosign(agent: AgentId, question: WitnessQuestion): Promise<string>;
}

interface Head {
  readonly log: number;
  readonly size: number;
  readonly note: string;
}

/** Lets the agents of this replica cosign each checkpoint; other replicas do the same with theirs. */
@Injectable()
export class Witnessing implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private host: WitnessHost | undefined;
  /** What each linked agent has vouched for last, in leaves of the log that is being written. */
  private readonly vouched = new Map<AgentId, { readonly origin: string; readonly size: number }>();
  private timer: NodeJS.Timeout | undefined;
  private round: Promise<void> | undefined;

  constructor(
    private readonly database: DataSource,
    private readonly health: LogHealth,
    private readonly identity: LogIdentity,
    private readonly clock: Clock,
    private readonly log: Log,
    notifications: Notifications,
  ) {
    notifications.subscribe(checkpointChannel, () => this.start());
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => this.start(), roundEveryMs);
    this.timer.unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    this.host = undefined;
    await this.round;
  }

  useHost(host: WitnessHost): void {
    this.host = host;
  }

  /**
   * An agent said hello with the last tree head that it vouched for, if it has one.
   * @throws GatewayError EVIDENCE_INCONSISTENT: the alarm is raised, and no replica admits sessions any more
   */
  async hello(agent: AgentId, state: WitnessState | undefined): Promise<void> {
    this.vouched.delete(agent);
    if (state !== undefined) {
      await this.health.witnessed(agent, state);
      this.vouched.set(agent, { origin: state.origin, size: state.size });
    }
    this.start();
  }

  /** One round at a time. */
  start(): void {
    this.round ??= this.cosignAll()
      .catch((error: unknown) => this.log.warn('witnessing.failed', { error }))
      .finally(() => {
        this.round = undefined;
      });
  }

  /** Resolves when the round that is under way is over. */
  async settled(): Promise<void> {
    await this.round;
  }

  private async cosignAll(): Promise<void> {
    const { host } = this;
    if (host === undefined) return;
    const head = await this.head();
    if (head === undefined) return;
    const { origin } = await this.identity.logKeys();
    const behind = (await host.witnesses()).filter(({ agent }) => this.sizeOf(agent, origin) < head.size);
    const answers = await Promise.allSettled(behind.map((witness) => this.cosign(host, witness, head, origin)));
    for (const [index, answer] of answers.entries()) {
      if (answer.status === 'rejected')
        this.log.warn('witness.unanswered', { agent: behind[index]!.agent, error: answer.reason as unknown });
    }
  }

  private async cosign(host: WitnessHost, { agent, key }: ConnectedWitness, head: Head, origin: string): Promise<void> {
    const from = this.sizeOf(agent, origin);
    const proof = await consistencyProof(from, head.size, hashReader(this.database, head.log));
    const rotations = await this.identity.rotations(head.log, head.size);
    const line = await host.cosign(agent, { checkpoint: head.note, proof, rotations });
    this.check(head, line, key);
    await this.database.query(
      'insert into evidence_cosignatures (log, size, witness, agent_id, line, at) values ($1, $2, $3, $4, $5, $6) on conflict (log, size, witness) do nothing',
      [head.log, head.size, key, agent, line, this.clock.now()],
    );
    this.vouched.set(agent, { origin, size: head.size });
  }

  // An agent speaks for its own key only.
  private check({ note }: Head, line: string, key: string): void {
    const { verified } = checkNote(parseNote(addSignatures(note, [line])), [parseVerifierKey(key)]);
    if (verified.length !== 1)
      throw new GatewayError(
        'EVIDENCE_INCONSISTENT',
        'a cosignature was not made by the key that its agent enrolled with',
      );
  }

  private sizeOf(agent: AgentId, origin: string): number {
    const vouched = this.vouched.get(agent);
    return vouched?.origin === origin ? vouched.size : 0;
  }

  private async head(): Promise<Head | undefined> {
    const { id } = await this.identity.logKeys();
    const [row] = await this.database.query<{ size: string; note: string }[]>(
      'select size, note from evidence_checkpoints where log = $1 order by size desc limit 1',
      [id],
    );
    return row && { log: id, size: Number(row.size), note: row.note };
  }
}

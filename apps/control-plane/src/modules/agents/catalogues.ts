import type { AgentId } from '@sallyport/core';
import type { CatalogueSnapshot } from '@sallyport/engine';

interface Kept {
  readonly agent: AgentId;
  readonly snapshot: CatalogueSnapshot;
}

/** Snapshots are large; an agent has few targets with few databases. Beyond this the oldest goes. */
const mostBytes = 512 * 1024 * 1024;

/**
 * What this replica's agents have sent about their targets. It outlives the link: the agent compares the digest that a
 * statement was described by with its own, so that an old snapshot costs a refusal, not a leak.
 */
export class Catalogues {
  private readonly kept = new Map<string, Kept>();
  private bytes = 0;

  keep(agent: AgentId, target: string, database: string, snapshot: CatalogueSnapshot): void {
    const key = keyOf(target, database);
    this.drop(key);
    this.kept.set(key, { agent, snapshot });
    this.bytes += snapshot.bytes.length;
    for (const oldest of this.kept.keys()) {
      if (this.bytes <= mostBytes) return;
      if (oldest !== key) this.drop(oldest);
    }
  }

  find(target: string, database: string): CatalogueSnapshot | undefined {
    return this.kept.get(keyOf(target, database))?.snapshot;
  }

  /** What a revoked agent said does not count. */
  forget(agent: AgentId): void {
    for (const [key, kept] of [...this.kept]) if (kept.agent === agent) this.drop(key);
  }

  private drop(key: string): void {
    this.bytes -= this.kept.get(key)?.snapshot.bytes.length ?? 0;
    this.kept.delete(key);
  }
}

const keyOf = (target: string, database: string): string => JSON.stringify([target, database]);

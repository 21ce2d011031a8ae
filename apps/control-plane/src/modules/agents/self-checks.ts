import { Injectable } from '@nestjs/common';
import type { AgentId, Refusal } from '@sallyport/core';
import type { Problem, SelfCheck } from '@sallyport/engine';
import { DataSource } from 'typeorm';
import { Clock, rowsOf, type Sql } from '../../platform/index.js';

/** One database that a linked agent offers, with what it said about its login there. */
export interface LinkedDatabase {
  readonly agent: string;
  readonly target: string;
  readonly protocol: string;
  readonly database: string;
  /** By this side's clock; null while it has said nothing since it linked. */
  readonly received_at: Date | null;
  readonly problems: readonly Problem[] | null;
  readonly more: number | null;
  readonly failure: Refusal | null;
}

interface Report {
  readonly agent: AgentId;
  readonly target: string;
  readonly database: string;
  readonly check: SelfCheck;
}

const linked = `
  select a.name as agent, t ->> 'alias' as target, t ->> 'protocol' as protocol, d as database,
    c.received_at, c.problems, c.more, c.failure
  from agents a cross join jsonb_array_elements(a.targets) t cross join jsonb_array_elements_text(t -> 'databases') d
  left join self_checks c on c.agent_id = a.id and c.target = t ->> 'alias' and c.database = d
  where a.revoked_at is null and a.linked_until > $1 order by a.name, a.id`;

/** What agents say about their logins, kept for every replica. */
@Injectable()
export class SelfChecks {
  /** Of what is being written, what comes after it: the newest only. */
  private readonly next = new Map<string, Report | undefined>();

  constructor(
    private readonly database: DataSource,
    private readonly clock: Clock,
  ) {}

  /** @returns what resolves when it is written; at once where a writer of its kind is at work, who goes on with it */
  async received(report: Report): Promise<void> {
    const key = JSON.stringify([report.agent, report.target, report.database]);
    const busy = this.next.has(key);
    this.next.set(key, report);
    if (!busy) await this.writeAll(key);
  }

  /** A link begins by saying anew what holds. */
  async forget(tx: Sql, agent: AgentId): Promise<void> {
    await tx.query('delete from self_checks where agent_id = $1', [agent]);
  }

  linkedDatabases(sql: Sql = this.database): Promise<LinkedDatabase[]> {
    return rowsOf<LinkedDatabase>(sql, linked, [this.clock.now()]);
  }

  private async writeAll(key: string): Promise<void> {
    try {
      for (let report = this.next.get(key); report !== undefined; report = this.next.get(key)) {
        this.next.set(key, undefined);
        await this.write(report);
      }
    } finally {
      this.next.delete(key);
    }
  }

  private async write({ agent, target, database, check }: Report): Promise<void> {
    await this.database.query(
      `insert into self_checks (agent_id, target, database, received_at, problems, more, failure)
       select id, $2, $3, $4, $5, $6, $7 from agents where id = $1 and revoked_at is null
       on conflict on constraint self_checks_pkey do update
         set received_at = excluded.received_at, problems = excluded.problems, more = excluded.more, failure = excluded.failure`,
      [
        agent,
        target,
        database,
        this.clock.now(),
        JSON.stringify(check.problems),
        check.more,
        check.failure === undefined ? null : JSON.stringify(check.failure),
      ],
    );
  }
}

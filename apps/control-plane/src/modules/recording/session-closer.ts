import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import type { OperationId, SessionId } from '@sallyport/core';
import { DataSource, type EntityManager } from 'typeorm';
import { Log } from '../../platform/index.js';
import { EvidenceWriter } from '../evidence/evidence-writer.js';
import { promptsUnder } from '../evidence/prompt-keys.js';
import { LostRecordings } from './lost-recordings.js';
import type { SessionEnding } from './recorder.js';

const retryMs = 1000;

interface OperationEvents {
  readonly operation: OperationId;
  readonly events: readonly string[];
  /** What seals its decision. */
  readonly key_id: string;
  /** Its outcome is told with a later decision. */
  readonly completed: boolean;
}

/** How a session ends whose own process can no longer say. */
export const lostEnding: SessionEnding = {
  reason: { code: 'INTERNAL', message: 'lost: the control plane’s process that served the session has gone' },
  bytes: { toTarget: 0, toClient: 0 },
};

/** Ends sessions on record from what the log itself holds: for a recorder in doubt, and for replicas that died. */
@Injectable()
export class SessionCloser implements BeforeApplicationShutdown {
  private stopped = false;
  private readonly retries = new Set<NodeJS.Timeout>();

  constructor(
    private readonly database: DataSource,
    private readonly evidence: EvidenceWriter,
    private readonly recordings: LostRecordings,
    private readonly log: Log,
  ) {}

  beforeApplicationShutdown(): void {
    this.stopped = true;
    for (const retry of this.retries) clearTimeout(retry); // other replicas find the sessions of this one
  }

  /** Tries until it is on record or this process ends. */
  async closeEventually(session: SessionId, ending: SessionEnding): Promise<void> {
    try {
      await this.database.transaction((tx) => this.close(tx, session, ending));
    } catch (error) {
      this.log.warn('session.unrecorded-end', { session, error });
      if (this.stopped) return;
      const retry = setTimeout(() => {
        this.retries.delete(retry);
        void this.closeEventually(session, ending);
      }, retryMs);
      this.retries.add(retry);
    }
  }

  /** Completes what was in flight as `unknown`, then ends the session; nothing when it has ended. */
  async close(tx: EntityManager, session: SessionId, ending: SessionEnding): Promise<void> {
    // One closer at a time; the home goes with the session.
    const [, homes] = await tx.query<[unknown[], number]>('delete from session_homes where session = $1', [session]);
    if (homes === 0) return;
    const [state] = await tx.query<{ started: boolean; ended: boolean }[]>(
      `select coalesce(bool_or(event = 'session.started'), false) as started, coalesce(bool_or(event = 'session.ended'), false) as ended
       from evidence_entries where session = $1 and event in ('session.started', 'session.ended')`,
      [session],
    );
    if (state?.started !== true || state.ended) return;
    await this.writeEnd(tx, session, ending);
  }

  private async writeEnd(tx: EntityManager, session: SessionId, ending: SessionEnding): Promise<void> {
    const operations = await tx.query<OperationEvents[]>(
      `with told as (select id, operation, event, key_id, envelope::jsonb -> 'completed' as completed from evidence_entries
         where session = $1 and event like 'operation.%')
       select operation, array_agg(event order by id) as events, (array_agg(key_id order by id))[1] as key_id,
         operation::text in (select jsonb_array_elements_text(completed) from told) as completed
       from told group by operation order by min(id)`,
      [session],
    );
    for (const { operation, events, key_id: keyId, completed } of operations) {
      if (
        completed ||
        events.some((event) => ['operation.completed', 'operation.denied', 'operation.abandoned'].includes(event))
      )
        continue;
      if (events.includes('operation.allowed')) {
        const recording = await this.recordings.footerOf({ session, operation, keyId });
        const isPrompt = recording !== undefined && promptsUnder(keyId) !== undefined;
        await this.evidence.append(tx, {
          event: 'operation.completed',
          session,
          ...(isPrompt ? { holdsPrompt: true } : {}),
          body: { operation, status: 'unknown', maskedFields: 0, ...(recording && { recording }) },
        });
      } else await this.evidence.append(tx, { event: 'operation.abandoned', session, body: { operation } });
    }
    const denied = operations.filter(({ events }) => events.includes('operation.denied')).length;
    await this.evidence.append(tx, {
      event: 'session.ended',
      session,
      body: { ...ending, session, operations: operations.length, denied },
    });
  }
}

import { Injectable } from '@nestjs/common';
import { GatewayError, type OperationId, type ReviewId, type SessionId } from '@sallyport/core';
import { type EarlierOutcome, type EventName, logKeyId, sealEntry } from '@sallyport/evidence';
import { Clock, Random } from '../../platform/index.js';
import { type EntryRow, rowOf } from './entry-rows.js';
import type { EvidenceEvent } from './evidence-writer.js';
import { FreshEntries } from './fresh-entries.js';
import { LogIdentity } from './log-identity.js';
import { personalKeyOf } from './personal-keys.js';
import { withoutSecrets } from './redaction.js';
import { keyUnavailable, SessionKeys } from './session-keys.js';

interface SealingKey {
  /** Where it is neither the session's nor the log's own. */
  readonly keyId?: string;
  readonly key: Uint8Array;
}

/** Seals one session's entries without waiting for anything. */
export interface SessionSealer {
  readonly key: Uint8Array;
  /** @throws GatewayError TOO_LARGE, INVALID_INPUT */
  seal<E extends EventName>(event: Omit<EvidenceEvent<E>, 'session'>): EntryRow;
}

/** Turns what happened into rows for the log: redacted, sealed, with the digest that the leaf commits to. */
@Injectable()
export class EntrySealer {
  constructor(
    private readonly log: LogIdentity,
    private readonly keys: SessionKeys,
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly fresh: FreshEntries,
  ) {}

  /** @throws GatewayError RECORDING_UNAVAILABLE, TOO_LARGE */
  async seal<E extends EventName>(event: EvidenceEvent<E>): Promise<EntryRow> {
    const [origin, key] = await this.reachable(() => Promise.all([this.log.origin(), this.keyFor(event)]));
    return this.rowFor(origin, key, event);
  }

  /** Makes the session's key. @throws GatewayError RECORDING_UNAVAILABLE */
  async forSession(session: SessionId): Promise<SessionSealer> {
    const [origin, key] = await this.reachable(() => Promise.all([this.log.origin(), this.keys.obtainNew(session)]));
    if (key === undefined)
      throw new GatewayError('RECORDING_UNAVAILABLE', `the key of session "${session}" has been destroyed`);
    return { key, seal: (event) => this.rowFor(origin, { key }, { ...event, session }) };
  }

  private rowFor<E extends EventName>(log: string, { key, keyId }: SealingKey, event: EvidenceEvent<E>): EntryRow {
    const body = withoutSecrets(event.body);
    const sealed = sealEntry({
      log,
      event: event.event,
      at: this.clock.now(),
      ...(event.session === undefined ? {} : { session: event.session }),
      ...routingOf(event.event, event.body),
      ...(keyId === undefined ? {} : { keyId }),
      body,
      key,
      random: (size) => this.random.bytes(size),
    });
    const row = rowOf(sealed);
    this.fresh.keep(row, sealed.envelope, body);
    return row;
  }

  private async keyFor<E extends EventName>({ event, session, body }: EvidenceEvent<E>): Promise<SealingKey> {
    const personal = session === undefined ? personalKeyOf(event, body) : undefined;
    const id = session ?? personal ?? logKeyId;
    const key = await this.keys.obtain(id);
    if (key !== undefined) return personal === undefined ? { key } : { key, keyId: personal };
    // Erased already: what is told about it afterwards is sealed under the log's own key.
    const own = await this.keys.obtain(logKeyId);
    if (own === undefined) throw new GatewayError('RECORDING_UNAVAILABLE', 'the key of the log has been destroyed');
    return { key: own, keyId: logKeyId };
  }

  private async reachable<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw error instanceof GatewayError ? error : keyUnavailable(error);
    }
  }
}

interface Routing {
  readonly operation?: OperationId;
  readonly review?: ReviewId;
  readonly completed?: readonly OperationId[];
}

/** What stays readable beside a sealed body: which operation or review it is about. */
function routingOf<E extends EventName>(event: E, body: EvidenceEvent<E>['body']): Routing {
  const { operation, review, completed } = body as {
    readonly operation?: OperationId;
    readonly review?: ReviewId;
    readonly completed?: readonly EarlierOutcome[];
  };
  if (event.startsWith('operation.') && operation !== undefined)
    return { operation, ...(completed && { completed: completed.map((one) => one.operation) }) };
  return event.startsWith('review.') && review !== undefined ? { review } : {};
}

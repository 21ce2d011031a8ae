import { Injectable } from '@nestjs/common';
import { GatewayError, type OperationId, type ProtocolName, type ReviewId, type SessionId } from '@sallyport/core';
import { type EarlierOutcome, type EventName, logKeyId, sealEntry } from '@sallyport/evidence';
import { Clock, Random } from '../../platform/index.js';
import { type EntryRow, rowOf } from './entry-rows.js';
import type { EvidenceEvent } from './evidence-writer.js';
import { FreshEntries } from './fresh-entries.js';
import { LogIdentity } from './log-identity.js';
import { personalKeyOf } from './personal-keys.js';
import { carriesPrompts, promptKeyOf, sessionPromptKey, withoutPrompt } from './prompt-keys.js';
import { withoutSecrets } from './redaction.js';
import { keyUnavailable, SessionKeys } from './session-keys.js';

interface SealingKey {
  /** Where it is neither the session's nor the log's own. */
  readonly keyId?: string;
  readonly key: Uint8Array;
  /** It stands in for one that is destroyed. */
  readonly isErased?: boolean;
}

/** Seals entries of one session without waiting for anything. */
export interface Seal {
  readonly key: Uint8Array;
  /** @throws GatewayError TOO_LARGE, INVALID_INPUT */
  seal<E extends EventName>(event: Omit<EvidenceEvent<E>, 'session'>): EntryRow;
}

export interface SessionSealer extends Seal {
  /** Of operations that hold prompts; absent where the session's protocol has none. */
  readonly prompts?: Seal;
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
    const at = this.clock.now();
    const [origin, key] = await this.reachable(() => Promise.all([this.log.origin(), this.keyFor(event, at)]));
    const { isErased = false } = key;
    // What was said before that became known was said to be forgotten.
    const told = isErased ? { ...event, body: withoutPrompt(event.event, event.body) } : event;
    return this.rowFor({ log: origin, at }, key, told);
  }

  /** Makes the session's keys. @throws GatewayError RECORDING_UNAVAILABLE */
  async forSession(session: SessionId, protocol: ProtocolName): Promise<SessionSealer> {
    const [origin, key] = await this.reachable(() => Promise.all([this.log.origin(), this.keys.obtainNew(session)]));
    if (key === undefined) throw destroyed(session);
    const own = this.sealWith(origin, session, { key });
    if (!carriesPrompts(protocol)) return own;
    return { ...own, prompts: this.sealWith(origin, session, await this.reachable(() => this.promptsIn(session))) };
  }

  private sealWith(log: string, session: SessionId, key: SealingKey): Seal {
    return {
      key: key.key,
      seal: (event) => this.rowFor({ log, at: this.clock.now() }, key, { ...event, session }),
    };
  }

  private async promptsIn(session: SessionId): Promise<SealingKey> {
    const { id, parent } = sessionPromptKey(session);
    const key = await this.keys.obtainWithin(id, parent);
    if (key === undefined) throw destroyed(session);
    return { key, keyId: id };
  }

  private rowFor<E extends EventName>(
    { log, at }: { readonly log: string; readonly at: Date },
    { key, keyId }: SealingKey,
    event: EvidenceEvent<E>,
  ): EntryRow {
    const body = withoutSecrets(event.body);
    const sealed = sealEntry({
      log,
      event: event.event,
      at,
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

  private async keyFor<E extends EventName>(event: EvidenceEvent<E>, at: Date): Promise<SealingKey> {
    const { session } = event;
    if (session !== undefined && event.holdsPrompt === true) return this.promptsIn(session);
    const personal = session === undefined ? personalKeyIn(event, at) : undefined;
    const id = session ?? personal?.id ?? logKeyId;
    const parent = personal?.parent;
    // The person's own key first: what is below it ends with it.
    const key =
      parent === undefined || (await this.keys.obtain(parent)) !== undefined
        ? await this.obtain(id, parent)
        : undefined;
    if (key !== undefined) return personal === undefined ? { key } : { key, keyId: id };
    // Erased already: what is told about it afterwards is sealed under the log's own key.
    const own = await this.keys.obtain(logKeyId);
    if (own === undefined) throw new GatewayError('RECORDING_UNAVAILABLE', 'the key of the log has been destroyed');
    return { key: own, keyId: logKeyId, isErased: true };
  }

  private obtain(id: string, parent: string | undefined): Promise<Uint8Array | undefined> {
    return parent === undefined ? this.keys.obtain(id) : this.keys.obtainWithin(id, parent);
  }

  private async reachable<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw error instanceof GatewayError ? error : keyUnavailable(error);
    }
  }
}

/** The key of what tells of one person outside any session. */
function personalKeyIn<E extends EventName>(
  { event, body }: EvidenceEvent<E>,
  at: Date,
): { readonly id: string; readonly parent?: string } | undefined {
  const id = personalKeyOf(event, body);
  return promptKeyOf(event, body, at) ?? (id === undefined ? undefined : { id });
}

const destroyed = (session: SessionId): GatewayError =>
  new GatewayError('RECORDING_UNAVAILABLE', `the key of session "${session}" has been destroyed`);

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

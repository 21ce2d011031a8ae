import {
  type Decision,
  GatewayError,
  type Operation,
  type OperationId,
  type Outcome,
  type ReviewId,
  type SessionId,
} from '@sallyport/core';
import type { Settled } from '@sallyport/engine';
import type { EventBody, SessionStarted } from '@sallyport/evidence';
import type { Sql } from '../../platform/index.js';
import { type EntryRow, insertEntries } from '../evidence/entry-rows.js';
import type { Seal } from '../evidence/entry-sealer.js';
import type { EvidenceEvent } from '../evidence/evidence-writer.js';
import { holdsPrompt } from '../evidence/prompt-keys.js';
import { recordingKey, sealChunk } from './chunk-sealing.js';
import { type Asked, askedOf, type DecidedEvent, decidedEvent } from './decided.js';
import { groupCommitLimits, isInDoubt, type Urgency } from './group-commit.js';
import { InFlightOperations, type Sealing } from './in-flight.js';
import { Numbering } from './numbering.js';
import type { AdmissionContext, AdmittedOperation, SessionEnding, SessionRecorder } from './recorder.js';
import type { RecordingHouse } from './recording-house.js';
import type { StoreChunk } from './response-recording.js';
import { ResponseSigning } from './response-signing.js';
import { RidingOutcomes } from './riding-outcomes.js';

type SessionEvent = Omit<EvidenceEvent, 'session'>;

interface Open {
  readonly own: Sealing;
  /** Of operations that hold prompts. */
  readonly prompts: Sealing;
  readonly signing: ResponseSigning;
}

const sealingWith = (seal: Seal): Sealing => ({ seal, chunkKey: recordingKey(seal.key) });

/** See SessionRecorder. Lives as long as its session, on the replica that serves it. */
export class RecordedSession implements SessionRecorder {
  private readonly inFlight: InFlightOperations;
  private readonly numbering = new Numbering();
  private readonly riding: RidingOutcomes;
  private open: Open | undefined;
  private denied = 0;
  /** A write whose fate is not known: nothing more is admitted, and the end is written from what the log itself holds. */
  private inDoubt = false;

  constructor(
    readonly id: SessionId,
    private readonly house: RecordingHouse,
  ) {
    this.inFlight = new InFlightOperations(id);
    this.riding = new RidingOutcomes({
      patienceMs: groupCommitLimits.lingerMs,
      now: () => house.clock.now(),
      alone: (body) => this.write({ event: 'operation.completed', body }, 'lazy'),
    });
  }

  async started(body: Omit<SessionStarted, 'session'>): Promise<void> {
    const [sealer, footers] = await Promise.all([
      this.house.sealer.forSession(this.id, body.connection.protocol),
      this.house.log.footerSigner(),
      this.house.replica.claim(this.id),
    ]);
    const signing = new ResponseSigning(footers, this.house.agents, body.agent);
    const own = sealingWith(sealer);
    this.open = { own, prompts: sealer.prompts === undefined ? own : sealingWith(sealer.prompts), signing };
    await this.write({ event: 'session.started', body: { ...body, session: this.id } });
  }

  admitted(operation: Operation, decision: Decision, context: AdmissionContext): AdmittedOperation {
    this.refuseInDoubt();
    const id = this.house.ids.next<OperationId>();
    const number = this.numbering.take();
    const asked = askedOf({ id, number }, operation, context);
    const { own, prompts } = this.opened();
    const durable = this.writeAdmitted(asked, decision, holdsPrompt(operation) ? prompts : own);
    durable.catch(() => undefined); // the engine listens to it; a session that ended meanwhile does not
    return {
      id,
      durable,
      outcome: (outcome, footer) => this.outcome(id, outcome, footer),
    };
  }

  async settled(tx: Sql, operation: OperationId, decision: Settled): Promise<void> {
    const { asked, sealing } = this.inFlight.find(operation) ?? {};
    if (asked === undefined || sealing === undefined)
      throw new GatewayError('CONFLICT', `operation "${operation}" is not waiting for a decision`);
    const row = sealing.seal.seal(decidedEvent(asked, decision));
    await insertEntries((sql, parameters) => tx.query(sql, parameters), [row]);
    if (decision.outcome === 'allow') return this.inFlight.release(operation);
    this.denied += 1;
    this.inFlight.remove(operation);
  }

  async abandoned(operation: OperationId, review?: ReviewId): Promise<void> {
    this.inFlight.remove(operation);
    await this.write({
      event: 'operation.abandoned',
      body: { operation, ...(review === undefined ? {} : { review }) },
    });
  }

  async response(operation: OperationId, piece: Uint8Array, at: Date): Promise<void> {
    const response = this.inFlight.response(operation);
    const { chunkKey } = this.inFlight.find(operation)!.sealing;
    const store: StoreChunk = (number, chunkAt, chunk) => {
      const payload = sealChunk(chunkKey, { session: this.id, operation, number }, chunk, this.house.random);
      return this.house.chunks.put({ session: this.id, operation, number, at: chunkAt, payload });
    };
    await response.take(piece, at, store).catch((error: unknown) => this.fail(error, true));
  }

  async ended(ending: SessionEnding): Promise<void> {
    if (this.open === undefined) return;
    const written = this.inDoubt ? Promise.reject(new Error('the record is in doubt')) : this.writeEnd(ending);
    await written.catch(() => this.handOver(ending));
  }

  /** What has been told is on record, or known not to be, before others look at it there; nothing is told afterwards. */
  private async handOver(ending: SessionEnding): Promise<void> {
    this.riding.flush();
    const left = this.inFlight.entries();
    await Promise.allSettled(left.map(async ([, { ending: told }]) => told));
    for (const [operation] of left) this.inFlight.remove(operation);
    await this.house.closer.closeEventually(this.id, ending);
  }

  private async writeEnd(ending: SessionEnding): Promise<void> {
    const left = this.inFlight.entries();
    this.riding.flush();
    await Promise.all(
      left.map(([operation, { asked, response }]) => {
        response?.cut();
        return asked === undefined
          ? this.outcome(operation, { status: 'unknown', maskedFields: 0 })
          : this.abandoned(operation);
      }),
    );
    const { count } = this.numbering;
    await this.write({
      event: 'session.ended',
      body: { ...ending, session: this.id, operations: count, denied: this.denied },
    });
  }

  private async writeAdmitted(asked: Asked, decision: Decision, sealing: Sealing): Promise<void> {
    const event = decidedEvent(asked, decision);
    if (event.event === 'operation.denied') this.denied += 1;
    else this.inFlight.add(asked.operation, { sealing, ...(event.event === 'operation.reviewing' ? { asked } : {}) });
    try {
      await this.writeDecided(event, sealing);
    } catch (error) {
      this.forget(asked, event.event === 'operation.denied', error);
      throw error;
    }
  }

  private forget({ operation, number }: Asked, denied: boolean, error: unknown): void {
    this.inFlight.remove(operation);
    if (isInDoubt(error)) return;
    this.numbering.giveBack(number);
    if (denied) this.denied -= 1;
  }

  /** Once: whoever says it again, at the session's end, waits for what was said first. */
  private async outcome(id: OperationId, outcome: Outcome, claim?: string): Promise<void> {
    const operation = this.inFlight.find(id);
    if (operation === undefined) return;
    operation.ending ??= this.complete(id, { outcome, claim }).catch((error: unknown) => {
      delete operation.ending;
      throw error;
    });
    await operation.ending;
  }

  private async complete(
    operation: OperationId,
    { outcome, claim }: { outcome: Outcome; claim: string | undefined },
  ): Promise<void> {
    const { response, sealing } = this.inFlight.find(operation)!;
    const recorded = response ?? (claim === undefined ? undefined : this.inFlight.response(operation));
    const { mismatch, ...signed } = recorded === undefined ? {} : await this.opened().signing.sign(recorded, claim);
    const body: EventBody<'operation.completed'> = { ...outcome, operation, ...signed };
    if (recorded === undefined) await this.riding.add(body);
    else await this.enter(sealing.seal.seal({ event: 'operation.completed', body }), 'lazy', true);
    this.inFlight.remove(operation);
    if (mismatch !== undefined) throw mismatch;
  }

  /** Takes along the outcomes that wait; a decision that is too long for that goes alone, and they ahead of it, each alone. */
  private async writeDecided(event: DecidedEvent, { seal }: Sealing): Promise<void> {
    // What came of earlier operations is not to be forgotten with a prompt.
    if (seal !== this.opened().own.seal) this.riding.flush();
    const riders = this.riding.take();
    if (riders === undefined) return this.enter(seal.seal(event), 'awaited', false);
    let row: EntryRow;
    try {
      row = seal.seal({ ...event, body: { ...event.body, completed: riders.outcomes } });
    } catch {
      riders.leave();
      return this.enter(seal.seal(event), 'awaited', false);
    }
    const written = this.enter(row, 'awaited', true);
    riders.settle(written);
    return written;
  }

  // Sealing is synchronous, so entries join the journal's queue in the order of the calls.
  private async write(event: SessionEvent, urgency: Urgency = 'awaited'): Promise<void> {
    return this.enter(this.opened().own.seal.seal(event), urgency, urgency === 'lazy');
  }

  /** @param outcomes an outcome that is not on record ends the session's record: the next request hears why */
  private async enter(row: EntryRow, urgency: Urgency, outcomes: boolean): Promise<void> {
    await this.house.journal.entry(row, urgency).catch((error: unknown) => this.fail(error, outcomes));
  }

  private fail(error: unknown, always = false): never {
    this.inDoubt ||= always || isInDoubt(error);
    throw error;
  }

  private opened(): Open {
    if (this.open === undefined)
      throw new GatewayError('RECORDING_UNAVAILABLE', 'this session has not been recorded as started');
    return this.open;
  }

  private refuseInDoubt(): void {
    this.opened();
    if (!this.inDoubt) return;
    throw new GatewayError(
      'RECORDING_UNAVAILABLE',
      'the record of this session is in doubt, so nothing more is run in it',
      { hint: 'connect again' },
    );
  }
}

/**
 * One client's side of one session: its messages become exchanges.
 *
 * A simple Query is one operation; every Execute is one operation, carrying the Parse, Bind and Describe messages
 * before it that nothing has forced out yet, and the Sync that is there behind it. What only prepares (Parse without Execute) is decided provisionally.
 * After a refusal everything up to Sync is discarded, as the protocol says of any error.
 */
import { isUtf8 } from 'node:buffer';
import type { Duplex } from 'node:stream';
import { type Digest, GatewayError, type MaskingPlan, type Operation, type Refusal } from '@sallyport/core';
import type { Exchange, OperationRecord, Permit, ResponseGate, SessionHandle } from '@sallyport/engine';
import { lineageDigest, type MaskedFacts, type SqlDescription } from '@sallyport/sql';
import { type Described, type OperationOf, operationOf, type Parameters, type SqlDescriber } from './describe.js';
import { type Bind, parseBind, parseExecute, parseNamed, parseParse, parseQuery, textOfParse } from './frontend.js';
import type { RefuseMode } from './heads.js';
import { Inbox } from './inbox.js';
import { type Flight, Line, type Raised } from './line.js';
import { CopyInGuard, holdsMask, maskWritten } from './masks-written.js';
import { type Portal, type Prepared, SessionMemory } from './memory.js';
import { copyFail, noticeMessage } from './refuse.js';
import { type Change, statementLimit } from './statements.js';
import { type Message, type MessageReader, typeName, typeOf, violation } from './wire.js';

/** What Bind has made: its parameters are asked again when it is executed. */
interface BoundPortal extends Portal {
  readonly bind?: Bind;
}

/** A batch goes when it has so many messages or bytes, whatever follows. */
const batchMessages = 1_000;
const batchBytes = 1024 * 1024;
/** What the texts of statements and the parameters of portals may take together. */
const heldBytes = 64 * 1024 * 1024;

/** Extended messages that wait for the Execute, Flush or Sync which sends them. */
interface Batch {
  messages: Buffer[];
  bytes: number;
  changes: Change[];
  parsed: Prepared | undefined;
  bound: { readonly prepared: Prepared | undefined; readonly bind: Bind } | undefined;
}

const schemaChanged: Refusal = {
  code: 'CONFLICT',
  message: 'the target’s schema has changed since this statement was decided',
  hint: 'send it again',
};

const noFunctionCalls: Refusal = {
  code: 'UNSUPPORTED',
  message: 'function calls by object id are not supported',
  hint: 'call the function with SELECT',
};

const notUtf8: Refusal = {
  code: 'INVALID_INPUT',
  message: 'the statement is not valid UTF-8',
  hint: 'send it in UTF-8, which is the session’s client_encoding',
};

const textsReadAnotherWay: Refusal = {
  code: 'UNSUPPORTED',
  message: 'this setting would make the gateway read statements differently from the target',
  hint: 'keep client_encoding at UTF8 and standard_conforming_strings on',
};

const readingSettings = new Set(['client_encoding', 'standard_conforming_strings']);

/** What no policy can allow, because nothing behind it in the pipeline could be described. */
const obstacleTo = (
  { facts }: Operation,
  { sessionEffects: { settings = [] }, flags }: SqlDescription,
): Refusal | undefined => {
  if ((facts['flags'] as readonly string[]).includes('mask-written')) return maskWritten;
  return flags.includes('setting') && settings.some((name) => readingSettings.has(name))
    ? textsReadAnotherWay
    : undefined;
};

const emptyBatch = (): Batch => ({ messages: [], changes: [], bytes: 0, parsed: undefined, bound: undefined });

const noRules: MaskingPlan = { rules: [], digest: '' as Digest };

export interface ConversationOptions {
  readonly socket: Duplex;
  readonly reader: MessageReader;
  readonly session: SessionHandle;
  readonly database: string;
  readonly describer: SqlDescriber;
}

export class Conversation {
  readonly inbox: Inbox<Raised>;
  readonly line: Line;
  readonly #session: SessionHandle;
  readonly #database: string;
  readonly #describer: SqlDescriber;
  readonly #memory = new SessionMemory<Prepared, BoundPortal>({
    prepare: (text) => ({ text }),
    declare: (text) => ({ statement: undefined, ...(text === undefined ? {} : { cursor: text }) }),
  });
  #batch = emptyBatch();
  #discarding = false;
  #copying: { readonly flight: Flight; readonly guard: CopyInGuard | undefined } | undefined;

  constructor({ socket, reader, session, database, describer }: ConversationOptions) {
    this.#session = session;
    this.#database = database;
    this.#describer = describer;
    this.inbox = new Inbox(socket, reader);
    this.line = new Line({
      socket,
      session,
      raise: (raised) => this.inbox.raise(raised),
      fail: (error) => this.inbox.fail(error),
      catalogueRead: (exchange) => this.#memory.catalogueRead(exchange),
    });
  }

  /** Ends when the client has said goodbye or gone. */
  async *exchanges(): AsyncGenerator<Exchange, void, undefined> {
    for (;;) {
      await this.line.writable();
      const arrival = await this.inbox.next();
      if (arrival === undefined) return;
      if (arrival.kind === 'raised') yield this.#raised(arrival.raised);
      else if (arrival.message.type === typeOf('X')) return this.line.farewell(arrival.message.raw);
      else {
        const confirmed = this.#session.confirmed();
        if (confirmed !== undefined) await confirmed;
        await this.#certain(arrival.message);
        yield* this.#receive(arrival.message);
      }
    }
  }

  /**
   * Waits while a name that this message uses may mean another thing at the target than it will mean here: what was
   * sent before the last Sync and changes it has not been answered yet, and may still fail.
   */
  async #certain(message: Message): Promise<void> {
    const { statements, portals } = this.#memory;
    const letter = String.fromCharCode(message.type);
    if (!'QPBE'.includes(letter)) return;
    const doubtful = () =>
      this.#memory.doubtful() ||
      (letter === 'B' && statements.doubtful('') && parseBind(message).statement === '') ||
      (letter === 'E' && portals.doubtful('') && parseExecute(message).portal === '');
    while (doubtful() && this.line.busy && !this.inbox.gone.aborted) await this.line.answered();
  }

  *#receive(message: Message): Generator<Exchange, void, undefined> {
    const letter = String.fromCharCode(message.type);
    if (this.#discarding && letter !== 'S') return;
    switch (letter) {
      case 'Q':
        yield* this.#flush();
        yield isUtf8(message.body) ? this.#query(message) : this.#untaken(message, 'query', notUtf8);
        return this.#memory.nextGroup();
      case 'P':
        if (isUtf8(textOfParse(message))) return yield* this.#parse(message);
        return yield this.#untaken(message, 'sync', notUtf8);
      case 'B':
        return yield* this.#bind(message);
      case 'D':
        parseNamed(message);
        return yield* this.#hold(message);
      case 'C':
        return yield* this.#close(message);
      case 'E':
        return yield* this.#execute(message);
      case 'H':
        yield* this.#hold(message);
        return yield* this.#flush();
      case 'S': // goes on its own: it must arrive even when what it ends is refused
        yield* this.#flush();
        this.#discarding = false;
        this.line.upkeep([message.raw], []);
        return this.#memory.nextGroup();
      case 'd':
      case 'c':
      case 'f':
        return this.#copyData(message);
      case 'F':
        return yield this.#untaken(message, 'query', noFunctionCalls);
      default:
        throw violation(`a message of type "${typeName(message.type)}" is not expected here`);
    }
  }

  #query(message: Message): Exchange {
    const described = this.#describe(parseQuery(message));
    return this.#exchange({
      operation: this.#operation({ described }),
      described,
      messages: [message.raw],
      changes: [],
      mode: 'query',
    });
  }

  *#parse(message: Message): Generator<Exchange, void, undefined> {
    if (this.#batch.parsed !== undefined) yield* this.#flush();
    if (this.#discarding) return;
    this.#checkLimits(message);
    const { statement, sql } = parseParse(message);
    const prepared: Prepared = { text: sql };
    this.#batch.changes.push(this.#memory.statements.change(statement, prepared));
    this.#batch.parsed = prepared;
    yield* this.#hold(message);
  }

  *#bind(message: Message): Generator<Exchange, void, undefined> {
    this.#checkLimits(message);
    const bind = parseBind(message);
    const statement = this.#memory.statements.get(bind.statement);
    this.#batch.changes.push(this.#memory.portals.change(bind.portal, { statement, bind }));
    this.#batch.bound = { prepared: statement, bind };
    yield* this.#hold(message);
  }

  *#close(message: Message): Generator<Exchange, void, undefined> {
    const { kind, name } = parseNamed(message);
    const names = kind === 'S' ? this.#memory.statements : this.#memory.portals;
    this.#batch.changes.push(names.change(name, undefined));
    yield* this.#hold(message);
  }

  /** Sums up what is held only once in a while: as often as new bytes may have come near the limit. */
  #checkLimits({ raw }: Message): void {
    const { statements, portals } = this.#memory;
    this.#sinceSummed += raw.length;
    if (this.#sinceSummed + this.#summed > heldBytes) {
      this.#summed = raw.length;
      this.#sinceSummed = 0;
      for (const [, { text }] of statements.entries()) this.#summed += text?.length ?? 0;
      for (const [, { bind }] of portals.entries())
        for (const value of bind?.parameters ?? []) this.#summed += value?.length ?? 0;
    }
    if (statements.size + portals.size < statementLimit && this.#summed < heldBytes * 2) return;
    throw new GatewayError('TOO_LARGE', `a session may hold ${statementLimit} prepared statements and portals`, {
      hint: 'close those that are no longer used, and hold less in them',
    });
  }
  #summed = 0;
  #sinceSummed = 0;

  *#execute(message: Message): Generator<Exchange, void, undefined> {
    const portal = this.#memory.portals.get(parseExecute(message).portal);
    if (this.#batch.parsed !== undefined && this.#batch.parsed !== portal?.statement) {
      yield* this.#flush();
      if (this.#discarding) return;
    }
    const { messages, changes } = this.#take();
    messages.push(message.raw);
    const sync = this.inbox.takeNext('S');
    if (sync !== undefined) messages.push(sync.raw);
    yield this.#execution(portal?.statement, portal?.bind, { messages, changes });
    if (sync === undefined) return;
    if (this.#discarding) yield* this.#receive(sync);
    else this.#memory.nextGroup();
  }

  /** Sends what waits: a Parse is decided provisionally, a Bind whose planning may run code as if it were executed. */
  *#flush(): Generator<Exchange, void, undefined> {
    const { messages, changes, parsed, bound } = this.#take();
    if (messages.length === 0) return;
    const runsAtBind =
      bound && bound.prepared?.text !== undefined && this.#describe(bound.prepared.text).description.opaque;
    if (bound && runsAtBind) return yield this.#execution(bound.prepared, bound.bind, { messages, changes });
    if (parsed?.text === undefined) return this.line.upkeep(messages, changes);
    const described = this.#describe(parsed.text);
    yield this.#exchange({
      operation: this.#operation({ described, provisional: true }),
      described,
      messages,
      changes,
      mode: 'sync',
    });
  }

  #execution(
    prepared: Prepared | undefined,
    bind: Bind | undefined,
    batch: Pick<Batch, 'messages' | 'changes'>,
  ): Exchange {
    // A portal that we did not see being bound is a cursor of the target's; EXECUTE of a name describes as unknown.
    const described = this.#describe(prepared?.text ?? 'execute "a statement or portal that the gateway has not seen"');
    const parameters: Parameters = { formats: bind?.parameterFormats ?? [], values: bind?.parameters ?? [] };
    return this.#exchange({
      operation: this.#operation({ described, parameters }),
      described,
      ...batch,
      mode: 'sync',
    });
  }

  /** What the gateway does not take at all: on record like anything else that was asked, whatever the policy says. */
  #untaken(message: Message, mode: RefuseMode, refusal: Refusal): Exchange {
    const described = this.#describe('');
    const text = `${refusal.message} (a message of ${message.raw.length} bytes)`;
    return {
      operation: { ...operationOf({ described, database: this.#database }), risk: 'unknown', text, pure: false },
      refuse: (why) => this.#refuseUntaken(why, mode),
      forward: async (_permit, _gate, record) => {
        await record.outcome({ status: 'skipped', maskedFields: 0 });
        await this.#refuseUntaken(refusal, mode);
      },
    };
  }

  async #refuseUntaken(refusal: Refusal, mode: RefuseMode): Promise<void> {
    this.#discarding = mode === 'sync';
    await this.line.refuse(refusal, mode);
  }

  #exchange({
    operation,
    described,
    messages,
    changes,
    mode,
  }: {
    operation: Operation;
    described: Described;
    messages: Buffer[];
    changes: Change[];
    mode: RefuseMode;
  }): Exchange {
    const { line, inbox } = this;
    const refuse = async (refusal: Refusal) => {
      for (const change of changes) change.undo();
      this.#discarding = mode === 'sync';
      await line.refuse(refusal, mode);
    };
    const forward = async (permit: Permit, gate: ResponseGate, record: OperationRecord) => {
      const current = this.#current(described);
      const isAsDecided = current !== undefined && this.#isAsDecided(operation, current, permit);
      const obstacle = isAsDecided ? obstacleTo(operation, current.description) : schemaChanged;
      if (current === undefined || obstacle !== undefined) {
        await record.outcome({ status: 'skipped', maskedFields: 0 });
        return refuse(obstacle ?? schemaChanged);
      }
      const flight = await line.forward({
        permit,
        gate,
        record,
        messages,
        changes,
        head: this.#reach(current, permit),
      });
      if (!operation.provisional) this.#apply(current, flight);
    };
    return {
      operation,
      refuse,
      forward,
      get abandoned() {
        return line.interrupted(inbox.gone);
      },
      waiting: ({ review, message }) => line.say(noticeMessage(message, `review ${review}`)),
    };
  }

  /**
   * What was decided may have waited for people meanwhile: the statement is described afresh by the newest snapshot,
   * and goes only if it still is what was decided.
   */
  #current(described: Described): Described | undefined {
    const { session, snapshot } = this.#basis();
    if (described.by.session === session && described.by.snapshot === snapshot) return described;
    const current = this.#describe(described.text);
    const same =
      current.description === described.description ||
      JSON.stringify(current.description) === JSON.stringify(described.description);
    return same ? current : undefined;
  }

  /** The rules may have changed since: then other columns are masked than those that were decided upon. */
  #isAsDecided(operation: Operation, { description, by }: Described, { masking }: Permit): boolean {
    const masked = this.line.maskedFacts(description, this.#describer.catalogue(by.snapshot), masking);
    const decided = this.#decidedBy.get(operation);
    return decided === masked || JSON.stringify(decided) === JSON.stringify(masked);
  }

  #reach({ description, catalogue }: Described, permit: Permit) {
    const columnRules = permit.masking.rules.some(({ kind }) => kind === 'column');
    return {
      reaches:
        columnRules &&
        this.line.reaches(description, this.#describer.catalogue(this.#session.catalogue(this.#database)), permit),
      catalogue,
      ...(columnRules && { lineage: lineageDigest(description) }),
    };
  }

  #operation(asked: Omit<OperationOf, 'database' | 'masked'>): Operation {
    const { description, by } = asked.described;
    const masked = this.line.maskedFacts(description, this.#describer.catalogue(by.snapshot), this.#rules());
    const writesMask = this.#writesMask(asked);
    const operation = operationOf({ ...asked, masked, database: this.#database, ...(writesMask && { writesMask }) });
    this.#decidedBy.set(operation, masked);
    return operation;
  }
  readonly #decidedBy = new WeakMap<Operation, MaskedFacts>();

  #writesMask({
    described: { description, text },
    parameters,
  }: Pick<OperationOf, 'described' | 'parameters'>): boolean {
    if (description.risk === 'read' && description.written.length === 0) return false;
    const form = this.line.maskForm(this.#rules());
    return form !== undefined && holdsMask(form, text, parameters?.values);
  }

  /** Where they cannot be confirmed the engine refuses in a moment: what is told of the statement meanwhile is all the same. */
  #rules(): MaskingPlan {
    try {
      return this.#session.masking();
    } catch {
      return noRules;
    }
  }

  #describe(text: string): Described {
    const { session, snapshot } = this.#basis();
    return this.#describer.describe(text, session, snapshot);
  }

  /** What the next statement is described by. */
  #basis(): Described['by'] {
    const snapshot = this.#session.catalogue(this.#database);
    return { snapshot, session: this.#memory.sqlSession(this.#describer.catalogue(snapshot)) };
  }

  /** Session state that a statement leaves behind; when it fails, what it may have left is not known. */
  #apply({ description }: Described, flight: Flight): void {
    const { error, copy } = description;
    if (error !== undefined || copy?.some(({ direction }) => direction === 'in')) {
      const form = this.line.maskForm(this.#rules());
      this.#copying = { flight, guard: form && new CopyInGuard(form) };
    }
    flight.leaves(this.#memory.apply(description, flight.number));
  }

  #copyData(message: Message): void {
    if (!this.#copying?.flight.open) return;
    const { flight, guard } = this.#copying;
    const isMasked = typeName(message.type) === 'd' && guard?.push(message.body) === true;
    // The target fails the COPY with these words, and passes over what the client still sends of it.
    this.line.append(flight, isMasked ? copyFail(maskWritten) : message.raw);
  }

  #raised(raised: Raised): Exchange {
    return {
      operation: raised.operation,
      refuse: async () => raised.settle(), // a notification that policy withholds is simply not delivered
      forward: async (_permit, gate, record) => {
        await gate.opened();
        await record.outcome({ status: 'done', bytes: raised.bytes.length, maskedFields: 0 });
        await this.line.deliver(raised.bytes);
        raised.settle();
      },
    };
  }

  *#hold(message: Message): Generator<Exchange, void, undefined> {
    this.#batch.messages.push(message.raw);
    this.#batch.bytes += message.raw.length;
    if (this.#batch.messages.length >= batchMessages || this.#batch.bytes >= batchBytes) yield* this.#flush();
  }

  #take(): Batch {
    const batch = this.#batch;
    this.#batch = emptyBatch();
    return batch;
  }
}

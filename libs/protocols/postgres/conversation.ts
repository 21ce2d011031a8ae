/**
 * One client's side of one session: its messages become exchanges.
 *
 * A simple Query is one operation; every Execute is one operation, carrying the Parse, Bind and Describe messages
 * before it that nothing has forced out yet. What only prepares (Parse without Execute) is decided provisionally.
 * After a refusal everything up to Sync is discarded, as the protocol says of any error.
 */
import { isUtf8 } from 'node:buffer';
import type { Duplex } from 'node:stream';
import { GatewayError, type Operation, type Refusal } from '@sallyport/core';
import type { Exchange, OperationRecord, Permit, ResponseGate, SessionHandle } from '@sallyport/engine';
import { type Described, operationOf, type Parameters, type SqlDescriber } from './describe.js';
import { type Bind, parseBind, parseExecute, parseNamed, parseParse, parseQuery } from './frontend.js';
import type { RefuseMode } from './heads.js';
import { Inbox } from './inbox.js';
import { type Flight, Line, type Raised } from './line.js';
import { type Prepared, SessionMemory } from './memory.js';
import { noticeMessage } from './refuse.js';
import { statementLimit, type Undo } from './statements.js';
import { type Message, type MessageReader, typeName, typeOf, violation } from './wire.js';

/** Extended messages that wait for the Execute, Flush or Sync which sends them. */
interface Batch {
  messages: Buffer[];
  undos: Undo[];
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

const emptyBatch = (): Batch => ({ messages: [], undos: [], parsed: undefined, bound: undefined });

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
  readonly #memory = new SessionMemory((text): Prepared => ({ text }));
  #batch = emptyBatch();
  #discarding = false;
  #copying: Flight | undefined;

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
      catalogueRead: () => this.#memory.catalogueRead(),
    });
  }

  /** Ends when the client has said goodbye or gone. */
  async *exchanges(): AsyncGenerator<Exchange, void, undefined> {
    for (;;) {
      await this.line.writable();
      const arrival = await this.inbox.next();
      if (arrival === undefined) return;
      if (arrival.kind === 'raised') yield this.#raised(arrival.raised);
      else if (arrival.message.type === typeOf('X')) return;
      else yield* this.#receive(arrival.message);
    }
  }

  *#receive(message: Message): Generator<Exchange, void, undefined> {
    const letter = String.fromCharCode(message.type);
    if (this.#discarding && letter !== 'S') return;
    switch (letter) {
      case 'Q':
        yield* this.#flush();
        return yield isUtf8(message.body) ? this.#query(message) : this.#untaken(message, 'query', notUtf8);
      case 'P':
        if (isUtf8(message.body)) return yield* this.#parse(message);
        return yield this.#untaken(message, 'sync', notUtf8);
      case 'B':
        return this.#bind(message);
      case 'D':
        parseNamed(message);
        return this.#hold(message);
      case 'C':
        return this.#close(message);
      case 'E':
        return yield* this.#execute(message);
      case 'H':
        this.#hold(message);
        return yield* this.#flush();
      case 'S': // goes on its own: it must arrive even when what it ends is refused
        yield* this.#flush();
        this.#discarding = false;
        return this.line.upkeep([message.raw], []);
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
      operation: operationOf({ described, database: this.#database }),
      described,
      messages: [message.raw],
      undos: [],
      mode: 'query',
    });
  }

  *#parse(message: Message): Generator<Exchange, void, undefined> {
    if (this.#batch.parsed !== undefined) yield* this.#flush();
    if (this.#discarding) return;
    if (this.#memory.statements.size >= statementLimit) {
      throw new GatewayError('TOO_LARGE', `a session may hold ${statementLimit} prepared statements and portals`, {
        hint: 'close those that are no longer used',
      });
    }
    const { statement, sql } = parseParse(message);
    const prepared: Prepared = { text: sql };
    this.#batch.undos.push(this.#memory.statements.parse(statement, prepared));
    this.#batch.parsed = prepared;
    this.#hold(message);
  }

  #bind(message: Message): void {
    const bind = parseBind(message);
    this.#batch.undos.push(this.#memory.statements.bind(bind));
    this.#batch.bound = { prepared: this.#memory.statements.statement(bind.statement), bind };
    this.#hold(message);
  }

  #close(message: Message): void {
    const { kind, name } = parseNamed(message);
    this.#batch.undos.push(this.#memory.statements.close(kind, name));
    this.#hold(message);
  }

  *#execute(message: Message): Generator<Exchange, void, undefined> {
    const portal = this.#memory.statements.portal(parseExecute(message).portal);
    if (this.#batch.parsed !== undefined && this.#batch.parsed !== portal?.statement) {
      yield* this.#flush();
      if (this.#discarding) return;
    }
    const { messages, undos } = this.#take();
    yield this.#execution(portal?.statement, portal?.bind, { messages: [...messages, message.raw], undos });
  }

  /** Sends what waits: a Parse is decided provisionally, a Bind whose planning may run code as if it were executed. */
  *#flush(): Generator<Exchange, void, undefined> {
    const { messages, undos, parsed, bound } = this.#take();
    if (messages.length === 0) return;
    const runsAtBind =
      bound && bound.prepared?.text !== undefined && this.#describe(bound.prepared.text).description.opaque;
    if (bound && runsAtBind) return yield this.#execution(bound.prepared, bound.bind, { messages, undos });
    if (parsed?.text === undefined) return this.line.upkeep(messages, undos);
    const described = this.#describe(parsed.text);
    yield this.#exchange({
      operation: operationOf({ described, database: this.#database, provisional: true }),
      described,
      messages,
      undos,
      mode: 'sync',
    });
  }

  #execution(
    prepared: Prepared | undefined,
    bind: Bind | undefined,
    batch: Pick<Batch, 'messages' | 'undos'>,
  ): Exchange {
    // A portal that we did not see being bound is a cursor of the target's; EXECUTE of a name describes as unknown.
    const described = this.#describe(prepared?.text ?? 'execute "a statement or portal that the gateway has not seen"');
    const parameters: Parameters = { formats: bind?.parameterFormats ?? [], values: bind?.parameters ?? [] };
    return this.#exchange({
      operation: operationOf({ described, parameters, database: this.#database }),
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
    undos,
    mode,
  }: {
    operation: Operation;
    described: Described;
    messages: Buffer[];
    undos: Undo[];
    mode: RefuseMode;
  }): Exchange {
    const { line, inbox } = this;
    const refuse = async (refusal: Refusal) => {
      for (const undo of undos.reverse()) undo();
      this.#discarding = mode === 'sync';
      await line.refuse(refusal, mode);
    };
    const forward = async (permit: Permit, gate: ResponseGate, record: OperationRecord) => {
      const current = this.#current(described);
      if (current === undefined) {
        await record.outcome({ status: 'skipped', maskedFields: 0 });
        return refuse(schemaChanged);
      }
      const flight = await line.forward({ permit, gate, record, messages, undos, head: this.#reach(current, permit) });
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
    const current = this.#describe(described.text);
    const same =
      current.catalogue === described.catalogue ||
      JSON.stringify(current.description) === JSON.stringify(described.description);
    return same ? current : undefined;
  }

  #reach({ description, catalogue }: Described, permit: Permit) {
    const columnRules = permit.masking.rules.some(({ kind }) => kind === 'column');
    return {
      reaches:
        columnRules &&
        this.line.reaches(description, this.#describer.catalogue(this.#session.catalogue(this.#database)), permit),
      catalogue,
    };
  }

  #describe(text: string): Described {
    return this.#describer.describe(text, this.#memory.sqlSession(), this.#session.catalogue(this.#database));
  }

  /** Session state that a statement leaves behind; when it fails, what it may have left is not known. */
  #apply({ description: { sessionEffects, copy, opaque } }: Described, flight: Flight): void {
    if (copy?.some(({ direction }) => direction === 'in')) this.#copying = flight;
    if (opaque) this.#memory.ranOpaqueCode();
    flight.onFailure(this.#memory.apply(sessionEffects));
  }

  #copyData(message: Message): void {
    if (this.#copying?.open) this.line.append(this.#copying, message.raw);
  }

  #raised(raised: Raised): Exchange {
    return {
      operation: raised.operation,
      refuse: async () => undefined, // a notification that policy withholds is simply not delivered
      forward: async (_permit, gate, record) => {
        await gate.opened();
        await record.outcome({ status: 'done', bytes: raised.bytes.length, maskedFields: 0 });
        await this.line.deliver(raised.bytes);
      },
    };
  }

  #hold(message: Message): void {
    this.#batch.messages.push(message.raw);
  }

  #take(): Batch {
    const batch = this.#batch;
    this.#batch = emptyBatch();
    return batch;
  }
}

/**
 * One session at the target: sends what was admitted, in order, and cleans what comes back.
 *
 * Every message sent owes an answer; the queue of what is owed says how the next answer is to be read, so that nothing
 * which is not understood is ever released. https://www.postgresql.org/docs/current/protocol-flow.html
 */
import { randomBytes } from 'node:crypto';
import { GatewayError } from '@sallyport/core';
import { FrameKind } from '@sallyport/engine';
import {
  type Field,
  isType,
  notification,
  parameterStatus,
  parseCopyResponse,
  parseNotification,
  parseReport,
  parseRowDescription,
  readyForQuery,
  rowsOfTag,
  sqlStateOf,
  type TransactionStatus,
} from './backend.js';
import { parseBind, parseExecute, parseNamed, parseParse, parseQuery } from './frontend.js';
import { encodeOutcome, type RefuseMode } from './heads.js';
import { type Judge, type Judged, type Told, unasked } from './judge.js';
import type { Portal, Prepared, SessionMemory } from './memory.js';
import type { Outbox } from './outbox.js';
import { nameSetting, type OwnedSettings } from './owned-settings.js';
import { noticeMessage } from './refuse.js';
import { cleanReport } from './reports.js';
import { cleanOne, cleanRun, type RowCleaner } from './rewriter.js';
import {
  cstring,
  Fields,
  int16,
  int32,
  type Message,
  type MessageReader,
  message,
  typeName,
  typeOf,
  violation,
} from './wire.js';
import { Work } from './work.js';

export interface TargetPortal extends Portal {
  /** What Describe said of its rows; undefined until it has. A statement's are not kept: it may be planned anew. */
  fields: readonly Field[] | undefined;
  /** A Describe of it is under way. */
  describing: boolean;
  /** Its client knows that its rows are masked: it fetches them piece by piece. */
  told?: boolean;
}

interface Result {
  readonly judged: Judged;
  rows?: RowCleaner;
  copy?: RowCleaner;
  copies: number;
  /** Statements of the text that are complete. */
  done: number;
  readonly portal?: TargetPortal;
}

type Owed = { readonly work: Work } & (
  | { readonly kind: 'close' | 'sync' }
  | { readonly kind: 'parse' | 'bind'; readonly text: string | undefined }
  | {
      readonly kind: 'describe';
      readonly portal: TargetPortal | undefined;
      readonly silent: boolean;
      readonly judged: Judged;
    }
  | { readonly kind: 'execute'; readonly portal: TargetPortal; readonly result: Result }
  | { readonly kind: 'query'; readonly result: Result }
  | { readonly kind: 'poison'; readonly mode: RefuseMode; readonly refusal: Buffer }
  /** The gateway's own statement, by which the session gets its name back: none of its answers are the client's. */
  | { readonly kind: 'own' }
  /** Where COPY data stood in what was sent: it is answered by nothing, but says which Syncs a COPY has swallowed. */
  | { readonly kind: 'copied'; readonly ends: boolean }
);

export interface TargetSessionOptions {
  readonly judge: () => Judge;
  readonly memory: SessionMemory<Prepared, TargetPortal>;
  readonly outbox: Outbox;
  /** Writes to the target. */
  readonly send: (bytes: Buffer) => void;
  /** What the session is called at the target. */
  readonly name: string;
  /** As the target has said at the log-in. */
  readonly owned: () => OwnedSettings;
  /** Reads the catalogue again after DDL and announces it. @returns false when it could not; must not reject */
  readonly resurvey: (exchange: number) => Promise<boolean>;
}

/** Of what is only prepared or planned the control plane has said nothing. */
const notTold: Told = { reaches: false };

/** Fails in every state in which it is run, runs nothing, and names itself in the target's log. */
const poisonText = 'sallyport refused this statement';
const poisonQuery = message('Q', cstring(poisonText));
const poisonParse = message('P', cstring('sallyport refused'), cstring(poisonText), int16(0));
const flush = message('H');
const copyData = typeOf('d');
const dataRow = typeOf('D');
/** Drawn anew at each start, so that no statement of a client's is called the same. */
const naming = `sallyport ${randomBytes(8).toString('hex')}`;
/** By the extended protocol, and under names of its own: a simple Query would end the client's unnamed statement. */
const nameAgain = (name: string): Buffer =>
  Buffer.concat([
    message('P', cstring(naming), cstring(`set application_name = '${name}'`), int16(0)),
    message('B', cstring(naming), cstring(naming), int16(0), int16(0), int16(0)),
    message('E', cstring(naming), int32(0)),
    message('C', Buffer.from('P', 'latin1'), cstring(naming)),
    message('C', Buffer.from('S', 'latin1'), cstring(naming)),
    message('S'),
  ]);
/** A cancel request of the client's may hit it. */
const namingsMost = 3;
/** Reported settings that take none but a few fixed values. */
const reportable = new Set([
  'client_encoding',
  'standard_conforming_strings',
  'is_superuser',
  'in_hot_standby',
  'default_transaction_read_only',
  'integer_datetimes',
  'IntervalStyle',
  'DateStyle',
]);
const owedLimit = 8_192;

export class TargetSession {
  readonly #options: TargetSessionOptions;
  readonly #owed: Owed[] = [];
  readonly #works: Work[] = [];
  #status: TransactionStatus = 'I';
  /** After an error everything up to Sync is dropped: by the target, or here where the target has seen nothing of it. */
  #skipping: 'no' | 'target' | 'here' = 'no';
  /** Extended messages were sent since the last Sync: an implicit transaction may be open. */
  #unsynced = false;
  /** The first and the last exchange that changed definitions since the catalogue was read. */
  #changed: { first: number; last: number } | undefined;
  /** Something in this transaction may read a masked column, as its end then may: by what was deferred. */
  #transactionReaches = false;
  /** The target reads COPY data: a Sync is ignored there until CopyDone or CopyFail (protocol flow, COPY operations). */
  #copyingIn = false;
  #copyDataSent = false;
  /** Syncs among COPY data: ignored where the COPY succeeds, and perhaps answered where it has failed before them. */
  #swallowed = 0;
  #mayBeReady = 0;
  /** The client has called the session something else, which its own ParameterStatus says; nothing more runs under that name. */
  #isRenamed = false;
  #namings = 0;
  /** The client has said goodbye: the target ends the session when it has done what was asked before. */
  leaving = false;
  #wake: (() => void)[] = [];
  /** The target itself has told the client why the session ends. */
  saidGoodbye = false;

  constructor(options: TargetSessionOptions) {
    this.#options = options;
  }

  get busy(): boolean {
    return this.#owed.length > 0;
  }

  /** Resolves when so little is owed that more may be sent. */
  async roomy(): Promise<void> {
    while (this.#owed.length > owedLimit) await this.#answered();
  }

  /** Waits while a name that these messages use may mean another thing at the target than `memory` says. */
  async certain(messages: readonly Message[]): Promise<void> {
    const { memory } = this.#options;
    const usesUnnamed = messages.some((one) => isType(one, 'B') || isType(one, 'E'));
    const uses = usesUnnamed || messages.some((one) => isType(one, 'Q') || isType(one, 'P'));
    // What is sent without a Sync is answered at the next one at the latest: that one must not wait for it.
    while (uses && this.#isRenamed && !this.#unsynced && this.busy) await this.#answered();
    const doubtful = () => memory.doubtful() || (usesUnnamed && this.#doubtsUnnamed(messages));
    while (uses && this.busy && doubtful()) await this.#answered();
  }

  /** A batch that makes its own unnamed statement or portal does not use an older one. */
  #doubtsUnnamed(messages: readonly Message[]): boolean {
    const { statements, portals } = this.#options.memory;
    for (const one of messages) {
      if (isType(one, 'P') && parseParse(one).statement === '') return false;
      if (isType(one, 'B') && parseBind(one).statement === '') return statements.doubtful('');
      if (isType(one, 'B') && parseBind(one).portal === '') return false;
      if (isType(one, 'E') && parseExecute(one).portal === '') return portals.doubtful('');
    }
    return false;
  }

  /** Takes one whole batch of a client's messages. */
  forward(exchange: number, messages: readonly Message[], told: Told): void {
    const work = new Work(exchange);
    this.#works.push(work);
    for (const each of messages) this.#send(each, work, told);
    work.sent = true;
    this.#settle();
  }

  /** More bytes of a COPY that runs; a target that is not copying ignores them (protocol flow, COPY operations). */
  append(messages: readonly Message[]): void {
    for (const each of messages) {
      if (!isType(each, 'd') && !isType(each, 'c') && !isType(each, 'f'))
        throw violation('only COPY data may follow an exchange');
      this.#copied(!isType(each, 'd'));
      this.#options.send(each.raw);
    }
  }

  #copied(ends: boolean): void {
    this.#copyDataSent = true;
    if (this.#copyingIn) this.#copyingIn = !ends;
    else if (this.#owed.length > 0 && (ends || this.#owed.at(-1)!.kind !== 'copied'))
      this.#owed.push({ kind: 'copied', ends, work: this.#owed[0]!.work });
  }

  /** Answers in place of the target, in order, and makes an open transaction fail as any error of its own would. */
  async refuse(exchange: number, mode: RefuseMode, refusal: Buffer): Promise<void> {
    const work = new Work(exchange);
    work.sent = true;
    if (mode === 'query' && this.#unsynced) this.#options.send(flush);
    if (mode === 'query' || !this.#unsynced) await this.#idle();
    this.#works.push(work);
    if (this.#skipping === 'no') this.#answerWithRefusal(work, mode, refusal);
    this.#settle();
    this.#options.outbox.flush();
  }

  #answerWithRefusal(work: Work, mode: RefuseMode, refusal: Buffer): void {
    if (this.#status === 'T' || this.#unsynced) return this.#poison(work, mode, refusal);
    this.#options.outbox.emit(work.number, refusal);
    if (mode === 'query') this.#options.outbox.emit(work.number, readyForQuery(this.#status));
    else this.#skipping = 'here';
  }

  /** Takes every whole message that the target has sent; afterwards the caller flushes. */
  async take(reader: MessageReader): Promise<void> {
    for (;;) {
      this.#takeRows(reader);
      const next = reader.next();
      if (next === undefined) return;
      const letter = String.fromCharCode(next.type);
      if (letter === 'Z') await this.#ready(next);
      else this.#receive(letter, next);
      this.#settle();
      for (const wake of this.#wake.splice(0)) wake();
    }
  }

  /** Most of a long answer is one row after the other: they are cleaned where they lie, as far as they are at hand in one piece. */
  #takeRows(reader: MessageReader): void {
    const head = this.#owed[0];
    if (head?.kind !== 'query' && head?.kind !== 'execute') return;
    const { copy, rows } = head.result;
    const cleaned =
      (copy && cleanRun(reader, copyData, copy, head.work.hidden)) ??
      (rows && cleanRun(reader, dataRow, rows, head.work.hidden));
    if (cleaned !== undefined) this.#emit(cleaned);
  }

  #receive(letter: string, received: Message): void {
    if (letter === 'S') this.#parameterStatus(received);
    else if (letter === 'N') this.#emit(cleanReport(received, 'N', this.#reportContext(), this.#labelled().hidden));
    else if (letter === 'A') this.#raise(received);
    else if (letter === 'E') this.#error(received);
    else this.#answer(letter, received);
  }

  // ------------------------------------------------------------------------------------------------ to the target

  #send(sent: Message, work: Work, told: Told): void {
    const letter = String.fromCharCode(sent.type);
    if (letter === 'S') return this.#sync(sent, work);
    if (letter === 'X') {
      this.leaving = true;
      return this.#options.send(sent.raw);
    }
    if (this.#skipping !== 'no') return work.fail('skipped');
    switch (letter) {
      case 'Q':
        return this.#query(sent, work, told);
      case 'P':
        this.#parse(sent, work);
        break;
      case 'B':
        this.#bind(sent, work);
        break;
      case 'D':
        this.#describe(sent, work);
        break;
      case 'E':
        this.#execute(sent, work, told);
        break;
      case 'C':
        this.#close(sent, work);
        break;
      case 'H':
        break; // Flush is answered by nothing
      default:
        throw violation(`a message of type "${typeName(sent.type)}" is not for the target`);
    }
    this.#unsynced = true;
    this.#options.send(sent.raw);
  }

  #query(sent: Message, work: Work, told: Told): void {
    const judged = this.#judged(parseQuery(sent), told, work);
    this.#owe({ kind: 'query', work, result: { judged, copies: 0, done: 0 } });
    this.#unsynced = false;
    this.#options.send(sent.raw);
    this.#options.memory.nextGroup();
  }

  #sync(sent: Message, work: Work): void {
    if (this.#copyingIn) {
      if (this.#copyDataSent) this.#swallowed += 1;
      return this.#options.send(sent.raw);
    }
    const here = this.#skipping === 'here';
    this.#skipping = 'no';
    this.#options.memory.nextGroup();
    if (here) return this.#options.outbox.emit(work.number, readyForQuery(this.#status));
    this.#unsynced = false;
    this.#owe({ kind: 'sync', work });
    this.#options.send(sent.raw);
  }

  #parse(sent: Message, work: Work): void {
    const { statement, sql } = parseParse(sent);
    work.unlessConfirmed(this.#options.memory.statements.change(statement, { text: sql }));
    this.#owe({ kind: 'parse', work, text: sql });
  }

  #bind(sent: Message, work: Work): void {
    const bind = parseBind(sent);
    const { statements, portals } = this.#options.memory;
    const statement = statements.get(bind.statement);
    work.unlessConfirmed(portals.change(bind.portal, { statement, fields: undefined, describing: false }));
    this.#owe({ kind: 'bind', work, text: statement?.text });
  }

  #describe(sent: Message, work: Work): void {
    const { kind, name } = parseNamed(sent);
    if (kind === 'P') return this.#oweDescribe(this.#portal(name), work, { silent: false });
    const { reaches } = this.#options.judge().judge(this.#options.memory.statements.get(name)?.text, notTold);
    this.#owe({ kind: 'describe', portal: undefined, work, silent: false, judged: { ...unasked, reaches } });
  }

  #execute(sent: Message, work: Work, told: Told): void {
    const portal = this.#portal(parseExecute(sent).portal);
    const judged = this.#judged(portal.statement?.text, told, work);
    if (portal.fields === undefined && !portal.describing) {
      this.#options.send(message('D', Buffer.from('P', 'latin1'), cstring(parseExecute(sent).portal)));
      this.#oweDescribe(portal, work, { silent: true });
    }
    this.#owe({ kind: 'execute', work, portal, result: { judged, copies: 0, done: 0, portal } });
  }

  #close(sent: Message, work: Work): void {
    const { kind, name } = parseNamed(sent);
    const { statements, portals } = this.#options.memory;
    work.unlessConfirmed((kind === 'S' ? statements : portals).change(name, undefined));
    this.#owe({ kind: 'close', work });
  }

  #oweDescribe(portal: TargetPortal, work: Work, { silent }: { silent: boolean }): void {
    portal.describing = true;
    const { reaches } = this.#options.judge().judge(portal.statement?.text, notTold);
    this.#owe({ kind: 'describe', portal, work, silent, judged: { ...unasked, reaches } });
  }

  /** A portal that SQL's DECLARE made is known by nothing but its name. */
  #portal(name: string): TargetPortal {
    return this.#options.memory.portals.get(name) ?? { statement: undefined, fields: undefined, describing: false };
  }

  /** Judges what is about to run, and remembers what it leaves in the session. */
  #judged(text: string | undefined, told: Told, work: Work): Judged {
    const judged = this.#options.judge().judge(text, told);
    const { description } = judged;
    if (description === undefined) return judged;
    const { memory } = this.#options;
    work.leaves(memory.apply(description, work.number));
    const { ddl, runsCode, settings } = description.sessionEffects;
    if (settings?.some((name) => name === nameSetting || name === '?')) this.#isRenamed = true; // ahead of its report
    if (ddl || runsCode) this.#changed = { first: this.#changed?.first ?? work.number, last: work.number };
    if (judged.reaches || description.flags.includes('hidden-code')) this.#transactionReaches = true;
    if (judged.reaches && description.flags.includes('computed-setting')) memory.taint();
    return judged;
  }

  #poison(work: Work, mode: RefuseMode, refusal: Buffer): void {
    this.#owe({ kind: 'poison', work, mode, refusal });
    this.#options.send(mode === 'query' ? poisonQuery : poisonParse);
    if (mode === 'sync') {
      this.#skipping = 'target';
      this.#unsynced = true;
    }
  }

  #owe(owed: Owed): void {
    owed.work.owed += 1;
    this.#owed.push(owed);
  }

  // ---------------------------------------------------------------------------------------------- from the target

  #answer(letter: string, received: Message): void {
    const head = this.#owed[0];
    if (head === undefined) throw notUnderstood(letter);
    switch (head.kind) {
      case 'parse':
      case 'bind':
      case 'close':
        if (letter !== { parse: '1', bind: '2', close: '3' }[head.kind]) throw notUnderstood(letter);
        head.work.confirm();
        this.#emit(received.raw);
        return this.#paid();
      case 'describe':
        return this.#described(letter, received, head);
      case 'execute':
        return this.#executing(letter, received, head);
      case 'query':
        return this.#querying(letter, received, head);
      case 'own':
        if (!'12C3'.includes(letter)) throw notUnderstood(letter);
        if (letter === 'C') this.#isRenamed = false;
        return;
      default:
        throw notUnderstood(letter);
    }
  }

  #described(letter: string, received: Message, head: Extract<Owed, { kind: 'describe' }>): void {
    if (letter === 't') return this.#emit(received.raw);
    if (letter !== 'T' && letter !== 'n') throw notUnderstood(letter);
    const fields = letter === 'T' ? parseRowDescription(received) : [];
    if (head.portal) Object.assign(head.portal, { fields, describing: false });
    if (!head.silent) this.#emit(received.raw);
    this.#paid();
  }

  #executing(letter: string, received: Message, { work, portal, result }: Extract<Owed, { kind: 'execute' }>): void {
    if (letter === 'D') result.rows ??= this.#options.judge().rows(this.#fieldsOf(portal), result.judged);
    if (this.#resultMessage(letter, received, { work, result })) return;
    if (letter !== 's' && letter !== 'C' && letter !== 'I') throw notUnderstood(letter);
    this.#paid(); // suspended, complete or empty: this Execute is over
  }

  #fieldsOf({ fields }: TargetPortal): readonly Field[] {
    if (fields !== undefined) return fields;
    throw new GatewayError('RESPONSE_NOT_UNDERSTOOD', 'the target sent rows that it had not described');
  }

  #querying(letter: string, received: Message, { work, result }: Extract<Owed, { kind: 'query' }>): void {
    if (letter === 'T') {
      result.rows = this.#options.judge().rows(parseRowDescription(received), result.judged, result.done);
      return this.#emit(received.raw);
    }
    if (!this.#resultMessage(letter, received, { work, result }) && letter !== 'C' && letter !== 'I')
      throw notUnderstood(letter);
    if (letter !== 'C') return;
    delete result.rows;
    result.done += 1;
  }

  /** What may stand in any result. @returns false where the caller must say what the message means */
  #resultMessage(letter: string, received: Message, { work, result }: { work: Work; result: Result }): boolean {
    switch (letter) {
      case 'D':
        if (result.rows === undefined) throw notUnderstood(letter);
        this.#emit(cleanOne(received.raw, result.rows, work.hidden));
        return true;
      case 'G':
        this.#copyBegins();
        this.#emit(received.raw);
        return true;
      case 'H':
        result.copy = this.#options
          .judge()
          .copy(parseCopyResponse(received), result.judged, { index: result.copies++, at: result.done });
        this.#emit(received.raw);
        return true;
      case 'd':
        if (result.copy === undefined) throw notUnderstood(letter);
        this.#emit(cleanOne(received.raw, result.copy, work.hidden));
        return true;
      case 'c':
        if (result.copy === undefined) throw notUnderstood(letter);
        delete result.copy;
        this.#emit(received.raw);
        return true;
      case 'C':
        this.#swallowed = 0;
        work.addRows(rowsOfTag(new Fields(received.body).cstring()));
        this.#tellWhatWasHidden(work, result.portal);
        this.#emit(received.raw);
        return false;
      case 's':
        this.#tellWhatWasHidden(work, result.portal);
        this.#emit(received.raw);
        return false;
      case 'I':
        this.#emit(received.raw);
        return false;
      default:
        return false;
    }
  }

  /** A client that does not know would take what stands there for the value, and may write it back. */
  #tellWhatWasHidden({ hidden }: Work, portal: TargetPortal | undefined): void {
    const told = hidden.told();
    if (told === undefined || portal?.told === true) return;
    this.#emit(noticeMessage(told));
    if (portal !== undefined) portal.told = true;
  }

  /** What was sent behind the COPY, as far as its end, was read as its data, and a Sync among it is not answered. */
  #copyBegins(): void {
    this.#copyingIn = true;
    this.#copyDataSent = false;
    this.#swallowed = 0;
    while (this.#copyingIn) {
      const next = this.#owed[1];
      if (next?.kind !== 'copied' && next?.kind !== 'sync') break;
      this.#owed.splice(1, 1);
      if (next.kind === 'copied') {
        this.#copyDataSent = true;
        this.#copyingIn = !next.ends;
      } else {
        next.work.owed -= 1;
        if (this.#copyDataSent) this.#swallowed += 1;
      }
    }
    this.#unsynced = this.#owed[0]?.kind === 'execute' && !this.#owed.some(({ kind }) => kind === 'sync');
  }

  #error(received: Message): void {
    this.#copyingIn = false;
    this.#mayBeReady += this.#swallowed;
    this.#swallowed = 0;
    const head = this.#owed[0];
    if (head?.kind === 'poison') return this.#poisoned(head);
    if (head?.kind === 'own' && parseReport(received).get('V') !== 'FATAL') return; // tried again at its Sync
    const cleaned = cleanReport(received, 'E', this.#reportContext(), this.#labelled().hidden);
    this.#emit(cleaned);
    if (parseReport(received).get('V') === 'FATAL') this.saidGoodbye = true;
    if (head === undefined) return; // unasked
    head.work.fail('failed', sqlStateOf(parseReport(received)));
    if (head.kind !== 'query' && head.kind !== 'sync') this.#dropToSync(); // at a Sync the commit has failed
  }

  #poisoned({ work, mode, refusal }: Extract<Owed, { kind: 'poison' }>): void {
    this.#options.outbox.emit(work.number, refusal);
    if (mode === 'sync') this.#dropToSync();
  }

  /** The target skips what was sent before the next Sync, simple Queries too; none of it is answered, none of it has run. */
  #dropToSync(): void {
    for (let next = this.#owed[0]; next !== undefined && next.kind !== 'sync'; next = this.#owed[0]) {
      if (next.kind === 'describe' && next.portal) next.portal.describing = false;
      this.#paid();
      if (next.kind !== 'poison') next.work.fail('skipped');
    }
    if (this.#owed.length === 0) this.#skipping = 'target';
  }

  async #ready(received: Message): Promise<void> {
    const head = this.#owed[0];
    if (head?.kind === 'own') return this.#named(received);
    const swallowed = this.#mayBeReady > 0 && head?.kind !== 'sync' && head?.kind !== 'query';
    if (swallowed) {
      this.#mayBeReady -= 1;
      this.#skipping = 'no';
    } else if (
      head === undefined ||
      (head.kind !== 'sync' && head.kind !== 'query' && !(head.kind === 'poison' && head.mode === 'query'))
    )
      throw notUnderstood('Z');
    this.#status = statusOf(received);
    if (this.#status === 'I') {
      await this.#readCatalogueAgain(head?.work.number ?? 0);
      if (this.#owed.length === 1) this.#transactionReaches = false;
    }
    this.#emit(received.raw);
    if (!swallowed) this.#paid();
    this.#nameAgain();
  }

  /** A cancel request that came late for what the client ran has failed its transaction, too: its end brings the name back. */
  #named(received: Message): void {
    this.#status = statusOf(received);
    this.#paid();
    if (!this.#isRenamed || this.#status === 'E') this.#namings = 0;
    else if (this.#namings >= namingsMost)
      throw new GatewayError('RESPONSE_NOT_UNDERSTOOD', 'the target does not take the session’s name back');
    this.#nameAgain();
  }

  /** Between two requests of the client's: in a transaction it is undone with what it undoes; a failed one is rolled back anyway. */
  #nameAgain(): void {
    const isQuiet = !this.busy && !this.#unsynced && this.#mayBeReady === 0;
    if (!this.#isRenamed || !isQuiet || this.#status === 'E') return;
    this.#namings += 1;
    const work = new Work(0);
    work.sent = true;
    this.#owe({ kind: 'own', work });
    this.#options.send(nameAgain(this.#options.name));
  }

  /** What exchanges up to this one changed is committed or rolled back by now; what later ones change is not yet. */
  async #readCatalogueAgain(exchange: number): Promise<void> {
    const changed = this.#changed;
    if (changed === undefined || changed.first > exchange || !(await this.#options.resurvey(exchange))) return;
    this.#options.memory.catalogueRead(exchange);
    const last = this.#changed?.last ?? 0;
    this.#changed = last > exchange ? { first: exchange + 1, last } : undefined;
  }

  /** What the gateway owns must not change under it. */
  #parameterStatus(received: Message): void {
    const fields = new Fields(received.body);
    const name = fields.cstring();
    const value = fields.cstring();
    const { owned, memory } = this.#options;
    owned().check(name, value, { expected: memory.sqlSession().searchPathCertain !== true });
    if (name === nameSetting) {
      this.#isRenamed = value !== this.#options.name;
      if (!this.#isRenamed) return; // the gateway's own doing, or taken back: the client has its own name for itself
    }
    // A value may have been put into it: what is known of the statement says whether it may be told.
    const told =
      reportable.has(name) || !this.#reportContext().reaches ? received.raw : parameterStatus(name, '[redacted]');
    this.#emit(told);
  }

  #raise(received: Message): void {
    const { pid, channel, payload } = parseNotification(received);
    const { masker } = this.#options.judge();
    // Who sent it, and what was read for it, nobody can say.
    const clean = (text: string) => (masker.hasColumnRules ? '[redacted]' : (masker.scanText(text)?.text ?? text));
    this.#options.outbox.flush();
    this.#options.outbox.frame(
      FrameKind.RAISE,
      0,
      new Uint8Array(0),
      notification(pid, masker.scanText(channel)?.text ?? channel, payload === '' ? '' : clean(payload)),
    );
  }

  #reportContext() {
    const { masker } = this.#options.judge();
    const { reaches, opaque, description } = this.#judgedNow();
    const atEnd = this.#transactionReaches && description?.sessionEffects.transaction === true;
    const hidden = description?.flags.includes('hidden-code') === true;
    return { masker, reaches: (reaches || atEnd || hidden) && masker.hasColumnRules, opaque: opaque || hidden };
  }

  /** Parse and Bind analyse and plan, which may run code: their errors are their statement's. */
  #judgedNow(): Judged {
    const head = this.#owed[0];
    if (head === undefined) return unasked;
    if ('result' in head) return head.result.judged;
    if (head.kind === 'describe') return head.judged;
    return head.kind === 'parse' || head.kind === 'bind' ? this.#options.judge().judge(head.text, notTold) : unasked;
  }

  #labelled(): Work {
    return this.#owed[0]?.work ?? this.#works.at(-1) ?? new Work(0);
  }

  #emit(bytes: Buffer): void {
    const work = this.#labelled();
    work.bytes += bytes.length;
    this.#options.outbox.emit(work.number, bytes);
  }

  #paid(): void {
    const paid = this.#owed.shift();
    if (paid !== undefined && paid.kind !== 'copied') paid.work.owed -= 1;
    while (this.#owed[0]?.kind === 'copied') this.#owed.shift();
  }

  /** Outcomes go out in the order of the batches, each ahead of the last bytes that it speaks of. */
  #settle(): void {
    while (this.#works[0]?.over) this.#finish(this.#works.shift()!);
  }

  #finish(work: Work): void {
    work.done();
    this.#options.outbox.finish(work.number, (footer) =>
      encodeOutcome({ ...work.outcome(), ...(footer === undefined ? {} : { footer }) }),
    );
  }

  async #idle(): Promise<void> {
    while (this.#owed.length > 0) await this.#answered();
  }

  #answered(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve));
  }

  /** The target has gone: nobody needs to wait for its answers. */
  abandon(): void {
    this.#owed.length = 0;
    for (const wake of this.#wake.splice(0)) wake();
  }
}

function statusOf({ body }: Message): TransactionStatus {
  const status = String.fromCharCode(body[0] ?? 0);
  if (status !== 'I' && status !== 'T' && status !== 'E') throw notUnderstood('Z');
  return status;
}

const notUnderstood = (letter: string): GatewayError =>
  new GatewayError('RESPONSE_NOT_UNDERSTOOD', `the target sent a message of type "${letter}" where none was expected`);

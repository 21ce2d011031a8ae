/**
 * Says the same bytes to a server and to the gateway before it, and writes down every message that comes back.
 * Logs in with the product's own client half; what is compared begins after that.
 */
import { parseReport } from '../../libs/protocols/postgres/backend.js';
import { type Dial, type LoggedIn, login } from '../../libs/protocols/postgres/login.js';
import { cstring, Fields, int16, int32, type Message, message } from '../../libs/protocols/postgres/wire.js';

/** A column or parameter: format code, or type id. */
type Codes = readonly number[];
type Value = string | Buffer | null;

const codes = (list: Codes): Buffer[] => [int16(list.length), ...list.map(int16)];
const value = (each: Value): Buffer[] =>
  each === null ? [int32(-1)] : [int32(Buffer.byteLength(each)), Buffer.from(each)];

/** Frontend messages (PostgreSQL 18, 54.7). */
export const say = {
  query: (sql: string) => message('Q', cstring(sql)),
  parse: (sql: string, { name = '', types = [] }: { name?: string; types?: Codes } = {}) =>
    message('P', cstring(name), cstring(sql), int16(types.length), ...types.map(int32)),
  bind: ({
    portal = '',
    statement = '',
    values = [],
    formats = [],
    results = [],
  }: {
    portal?: string;
    statement?: string;
    values?: readonly Value[];
    formats?: Codes;
    results?: Codes;
  } = {}) =>
    message(
      'B',
      cstring(portal),
      cstring(statement),
      ...codes(formats),
      int16(values.length),
      ...values.flatMap(value),
      ...codes(results),
    ),
  describe: (kind: 'S' | 'P', name = '') => message('D', Buffer.from(kind), cstring(name)),
  execute: (portal = '', limit = 0) => message('E', cstring(portal), int32(limit)),
  close: (kind: 'S' | 'P', name = '') => message('C', Buffer.from(kind), cstring(name)),
  sync: message('S'),
  flush: message('H'),
  terminate: message('X'),
  data: (bytes: Value) => message('d', Buffer.from(bytes ?? '')),
  done: message('c'),
  fail: message('f', cstring('changed my mind')),
};

/** Says something, then listens until so many messages of one type have come; `closed` is the end of the connection. */
export interface Turn {
  readonly say: readonly Buffer[];
  readonly until: string;
}

/** `until`: one or more letters, each waited for in this order. */
export const turn = (until: string, ...messages: readonly Buffer[]): Turn => ({ say: messages, until });

/**
 * What differs by its nature is left out: process ids, the number of a temporary schema, the ids of relations that each
 * side makes for itself, and which function of the server found a portal missing (the gateway describes it first).
 */
function spell({ type, body }: Message): string {
  const letter = String.fromCharCode(type);
  if (letter === 'A') return `A ${body.toString('utf8', 4)}`;
  if (letter === 'E' || letter === 'N') return `${letter} ${spellReport({ type, body, raw: body })}`;
  if (letter === 'T') return `T ${JSON.stringify(withoutTables(body).toString('latin1'))}`;
  if (letter === 'C') return `C ${new Fields(body).cstring()}`;
  if (letter === 'Z') return `Z ${body.toString('latin1')}`;
  return body.length === 0 ? letter : `${letter} ${JSON.stringify(body.toString('latin1'))}`;
}

function spellReport(received: Message): string {
  const report = new Map(parseReport(received));
  if (report.get('C') === '34000') for (const source of 'FLR') report.delete(source);
  return JSON.stringify(Object.fromEntries(report)).replace(/pg_temp_\d+/g, 'pg_temp_N');
}

/** Each field of a RowDescription: a name, then the relation's id in four bytes, then fourteen more. */
function withoutTables(body: Buffer): Buffer {
  const copy = Buffer.from(body);
  const fields = new Fields(copy);
  for (let left = fields.count(); left > 0; left -= 1) {
    fields.cstring();
    if (fields.bytes(4).some((byte) => byte !== 0)) copy.fill(0xff, fields.offset - 4, fields.offset);
    fields.bytes(14);
  }
  return copy;
}

class Recorder {
  readonly heard: string[] = [];
  closed = false;
  #wake: () => void = () => undefined;
  #failure: Error | undefined;

  constructor(readonly party: LoggedIn) {
    party.socket.on('data', (chunk: Buffer) => {
      party.reader.push(chunk);
      for (let next = party.reader.next(); next !== undefined; next = party.reader.next()) this.heard.push(spell(next));
      this.#wake();
    });
    for (const event of ['end', 'close', 'error'])
      party.socket.on(event, () => {
        this.closed = true;
        this.#wake();
      });
    party.socket.resume();
  }

  /** Listens until the letters have come, or the connection has closed. */
  async take({ say: messages, until }: Turn, deadlineMs: number): Promise<void> {
    let from = this.heard.length;
    this.party.socket.write(Buffer.concat(messages));
    const late = setTimeout(() => this.#fail(`no "${until}" after ${this.heard.join(' / ')}`), deadlineMs);
    try {
      for (const letter of until === 'closed' ? '\0' : until) from = await this.#next(letter, from);
    } finally {
      clearTimeout(late);
    }
  }

  /** @returns where to go on listening */
  async #next(letter: string, from: number): Promise<number> {
    for (;;) {
      if (this.#failure) throw this.#failure;
      const found = this.heard.findIndex((line, index) => index >= from && line.startsWith(letter));
      if (found >= 0) return found + 1;
      if (this.closed) return this.heard.length;
      await this.#more();
    }
  }

  #fail(text: string): void {
    this.#failure = new Error(text);
    this.#wake();
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** Ends every script: whatever else was still to come has come before its answer. */
const sentinel = turn('CZ', say.query("set application_name = 'sentinel'"));

/** @returns every message heard, in words; throws when a turn is not answered in time */
export async function replay(dial: Omit<Dial, 'settings' | 'timeoutMs'>, script: readonly Turn[]): Promise<string[]> {
  const party = await login({ ...dial, settings: [], timeoutMs: 20_000 });
  const recorder = new Recorder(party);
  try {
    for (const each of [...script, sentinel]) {
      if (recorder.closed) break;
      await recorder.take(each, 8_000);
    }
  } finally {
    party.socket.destroy();
  }
  return recorder.closed ? [...recorder.heard, '(closed)'] : recorder.heard;
}

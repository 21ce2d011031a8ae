/**
 * Says the same bytes to a server and to the gateway before it, and keeps every message that comes back.
 * Logs in with the product's own client half; what is compared begins after that.
 */
import { type Dial, type LoggedIn, login } from '../../libs/protocols/postgres/login.js';
import { cstring, int16, int32, message } from '../../libs/protocols/postgres/wire.js';
import { inWords } from './comparable.js';

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

class Recorder {
  /** Every message as it was on the wire. */
  readonly heard: Buffer[] = [];
  closed = false;
  #wake: () => void = () => undefined;
  #failure: Error | undefined;

  constructor(readonly party: LoggedIn) {
    party.socket.on('data', (chunk: Buffer) => {
      party.reader.push(chunk);
      for (let next = party.reader.next(); next !== undefined; next = party.reader.next())
        this.heard.push(Buffer.from(next.raw));
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
    const late = setTimeout(() => this.#fail(`no "${until}" after ${this.heard.map(inWords).join(' / ')}`), deadlineMs);
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
      const found = this.heard.findIndex((raw, index) => index >= from && raw[0] === letter.charCodeAt(0));
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

export interface Answers {
  readonly heard: readonly Buffer[];
  /** By the server, before the script was over. */
  readonly isClosed: boolean;
}

/** @returns every message heard, as it was on the wire; throws when a turn is not answered in time */
export async function replay(dial: Omit<Dial, 'settings' | 'timeoutMs'>, script: readonly Turn[]): Promise<Answers> {
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
  return { heard: recorder.heard, isClosed: recorder.closed };
}

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

/** What differs by its nature is left out: the process id of a notification, and line numbers of no source of ours. */
function spell({ type, body }: Message): string {
  const letter = String.fromCharCode(type);
  if (letter === 'A') return `A ${body.toString('utf8', 4)}`;
  if (letter === 'E' || letter === 'N')
    return `${letter} ${JSON.stringify(Object.fromEntries([...parseReport({ type, body, raw: body })]))}`;
  if (letter === 'C') return `C ${new Fields(body).cstring()}`;
  if (letter === 'Z') return `Z ${body.toString('latin1')}`;
  return body.length === 0 ? letter : `${letter} ${JSON.stringify(body.toString('latin1'))}`;
}

class Recorder {
  readonly heard: string[] = [];
  closed = false;
  #wake: () => void = () => undefined;

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
  }

  /** What was heard before the letters came, all of them. */
  async take({ say: messages, until }: Turn, deadlineMs: number): Promise<void> {
    let from = this.heard.length;
    this.party.socket.write(Buffer.concat(messages));
    const late = setTimeout(() => this.party.socket.destroy(), deadlineMs);
    for (const letter of until === 'closed' ? [] : until) {
      for (;;) {
        const found = this.heard.findIndex((line, index) => index >= from && line.startsWith(letter));
        if (found >= 0) {
          from = found + 1;
          break;
        }
        if (this.closed) return void clearTimeout(late);
        await this.#more();
      }
    }
    while (until === 'closed' && !this.closed) await this.#more();
    clearTimeout(late);
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** Ends every script: whatever else was still to come has come before its answer. */
const sentinel = turn('CZ', say.query("set application_name = 'sentinel'"));

/** @returns every message heard, in words; a turn that is not answered in time ends the connection and the script */
export async function replay(dial: Omit<Dial, 'settings' | 'timeoutMs'>, script: readonly Turn[]): Promise<string[]> {
  const party = await login({ ...dial, settings: [], timeoutMs: 20_000 });
  const recorder = new Recorder(party);
  for (const each of [...script, sentinel]) {
    if (recorder.closed) break;
    await recorder.take(each, 15_000);
  }
  if (recorder.closed) recorder.heard.push('(closed)');
  party.socket.destroy();
  return recorder.heard;
}

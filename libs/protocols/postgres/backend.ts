/** What a server sends: parsed where the gateway must look, built where it speaks itself. */
import { cstring, Fields, int32, type Message, message, typeOf } from './wire.js';

export interface Field {
  readonly name: string;
  /** 0 where the column is not a plain column of a relation. */
  readonly table: number;
  readonly attribute: number;
  readonly type: number;
  readonly format: number;
}

export type TransactionStatus = 'I' | 'T' | 'E';

export const parseRowDescription = ({ body }: Message): Field[] => {
  const fields = new Fields(body);
  const parsed = Array.from({ length: fields.count() }, () => rowField(fields));
  fields.end();
  return parsed;
};

function rowField(fields: Fields): Field {
  const name = fields.cstring();
  const table = fields.uint32();
  const attribute = fields.int16();
  const type = fields.uint32();
  fields.int16(); // type size
  fields.int32(); // type modifier
  return { name, table, attribute, type, format: fields.int16() };
}

/** ErrorResponse and NoticeResponse: one-letter field codes in their order. */
export type Report = ReadonlyMap<string, string>;

export const parseReport = ({ body }: Message): Report => {
  const fields = new Fields(body);
  const report = new Map<string, string>();
  for (let code = fields.byte(); code !== 0; code = fields.byte())
    report.set(String.fromCharCode(code), fields.cstring());
  return report;
};

export const reportMessage = (letter: 'E' | 'N', report: Report): Buffer =>
  message(letter, ...[...report].map(([code, text]) => cstring(code + text.replaceAll('\0', ''))), Buffer.from([0]));

/** @returns the SQLSTATE of an ErrorResponse */
export const sqlStateOf = (report: Report): string => report.get('C') ?? 'XX000';

export const parseNotification = ({ body }: Message) => {
  const fields = new Fields(body);
  return { pid: fields.int32(), channel: fields.cstring(), payload: fields.cstring() };
};

export const notification = (pid: number, channel: string, payload: string): Buffer =>
  message('A', int32(pid), cstring(channel), cstring(payload));

/** Rows of a CommandComplete tag: its last word, where that is a number. */
export const rowsOfTag = (tag: string): number | undefined => {
  const last = tag.slice(tag.lastIndexOf(' ') + 1);
  return /^\d+$/.test(last) ? Number(last) : undefined;
};

export const authentication = {
  ok: message('R', int32(0)),
  cleartextPassword: message('R', int32(3)),
};

export const parameterStatus = (name: string, value: string): Buffer => message('S', cstring(name), cstring(value));
export const backendKeyData = (pid: number, secret: number): Buffer => message('K', int32(pid), int32(secret));
export const readyForQuery = (status: TransactionStatus): Buffer => message('Z', Buffer.from(status, 'latin1'));

/** Version 3.0 is what we speak, whatever minor version or `_pq_` option was asked for. */
export const negotiateProtocolVersion = (unknownOptions: readonly string[]): Buffer =>
  message('v', int32(196608), int32(unknownOptions.length), ...unknownOptions.map(cstring));

export interface CopyResponse {
  readonly binary: boolean;
  readonly columns: number;
}

export const parseCopyResponse = ({ body }: Message): CopyResponse => {
  const fields = new Fields(body);
  const binary = fields.byte() === 1;
  const columns = fields.count();
  return { binary, columns };
};

export const isType = (received: Message, letter: string): boolean => received.type === typeOf(letter);

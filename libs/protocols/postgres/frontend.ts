/** What a client sends, parsed. Only the messages that the gateway lets through are known here. */
import { Fields, type Message, violation } from './wire.js';

export interface Parse {
  readonly statement: string;
  readonly sql: string;
  readonly parameterTypes: readonly number[];
}

export interface Bind {
  readonly portal: string;
  readonly statement: string;
  readonly parameterFormats: readonly number[];
  readonly parameters: readonly (Buffer | null)[];
  readonly resultFormats: readonly number[];
}

/** Of Describe and Close: a prepared statement (S) or a portal (P). */
export interface Named {
  readonly kind: 'S' | 'P';
  readonly name: string;
}

/**
 * The target looks names up by their first 63 bytes (NAMEDATALEN), so that two longer ones may be the same to it.
 * Nothing that a client would call a statement or portal is longer.
 */
const nameLimit = 63;

function nameOf(fields: Fields): string {
  const name = fields.cstring();
  if (name.length > nameLimit || (name.length * 3 > nameLimit && Buffer.byteLength(name) > nameLimit))
    throw violation(`the name of a statement or portal is longer than ${nameLimit} bytes`);
  return name;
}

export const parseQuery = ({ body }: Message): string => {
  const fields = new Fields(body);
  const sql = fields.cstring();
  fields.end();
  return sql;
};

/** A Parse's name and statement, without the ids of types behind them, whose bytes are no text. */
export const textOfParse = ({ body }: Message): Buffer => body.subarray(0, body.indexOf(0, body.indexOf(0) + 1) + 1);

export const parseParse = ({ body }: Message): Parse => {
  const fields = new Fields(body);
  const statement = nameOf(fields);
  const sql = fields.cstring();
  const parameterTypes = list(fields, () => fields.uint32());
  fields.end();
  return { statement, sql, parameterTypes };
};

export const parseBind = ({ body }: Message): Bind => {
  const fields = new Fields(body);
  const portal = nameOf(fields);
  const statement = nameOf(fields);
  const parameterFormats = list(fields, () => fields.int16());
  const parameters = list(fields, () => fields.value());
  const resultFormats = list(fields, () => fields.int16());
  fields.end();
  return { portal, statement, parameterFormats, parameters, resultFormats };
};

export const parseNamed = ({ body }: Message): Named => {
  const fields = new Fields(body);
  const kind = String.fromCharCode(fields.byte());
  const name = nameOf(fields);
  fields.end();
  if (kind !== 'S' && kind !== 'P') throw violation(`"${kind}" is neither a statement nor a portal`);
  return { kind, name };
};

/** @returns the portal's name; the row limit is the target's matter */
export const parseExecute = ({ body }: Message): { readonly portal: string; readonly rowLimit: number } => {
  const fields = new Fields(body);
  const portal = nameOf(fields);
  const rowLimit = fields.int32();
  fields.end();
  return { portal, rowLimit };
};

function list<T>(fields: Fields, read: () => T): T[] {
  const count = fields.count();
  if (count > fields.left) throw violation(`a message announces ${count} fields and has not the bytes for them`);
  const values: T[] = [];
  for (let index = 0; index < count; index += 1) values.push(read());
  return values;
}

/** The format code of one column or parameter: none given means text, one given means all (Bind, message formats). */
export const formatAt = (formats: readonly number[], index: number): number =>
  formats.length === 0 ? 0 : formats.length === 1 ? formats[0]! : (formats[index] ?? 0);

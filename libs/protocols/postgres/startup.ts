/** The packets before the first typed message: length and a code, no type byte (message formats, StartupMessage). */
import { Fields, violation } from './wire.js';

export const sslRequestCode = 80877103;
export const gssencRequestCode = 80877104;
export const cancelRequestCode = 80877102;

export type StartupPacket =
  | { readonly kind: 'ssl' }
  | { readonly kind: 'gssenc' }
  | { readonly kind: 'cancel'; readonly pid: number; readonly secret: number }
  | {
      readonly kind: 'startup';
      readonly major: number;
      readonly minor: number;
      readonly parameters: ReadonlyMap<string, string>;
    };

/** PostgreSQL's own limit of a start-up packet (MAX_STARTUP_PACKET_LENGTH). */
export const startupLimit = 10_000;

/**
 * @returns the packet and how many bytes it took; undefined when more bytes are needed
 * @throws GatewayError PROTOCOL_VIOLATION
 */
export function readStartup(bytes: Buffer): { readonly packet: StartupPacket; readonly size: number } | undefined {
  if (bytes.length < 4) return undefined;
  const size = bytes.readInt32BE(0);
  if (size < 8 || size > startupLimit) throw violation(`a start-up packet of ${size} bytes`);
  if (bytes.length < size) return undefined;
  return { packet: parsePacket(bytes.subarray(4, size)), size };
}

function parsePacket(body: Buffer): StartupPacket {
  const fields = new Fields(body);
  const code = fields.int32();
  if (code === sslRequestCode) return { kind: 'ssl' };
  if (code === gssencRequestCode) return { kind: 'gssenc' };
  if (code === cancelRequestCode) return { kind: 'cancel', pid: fields.int32(), secret: fields.int32() };
  return { kind: 'startup', major: code >>> 16, minor: code & 0xffff, parameters: parseParameters(fields) };
}

function parseParameters(fields: Fields): Map<string, string> {
  const parameters = new Map<string, string>();
  for (let name = fields.cstring(); name !== ''; name = fields.cstring()) {
    if (parameters.has(name)) throw violation(`the start-up parameter "${name}" is given twice`);
    parameters.set(name, fields.cstring());
  }
  fields.end();
  return parameters;
}

/** Settings that a client may bring to its start-up; everything else is a SET that policy decides on. */
const settable = new Set(
  [
    'application_name',
    'bytea_output',
    'client_min_messages',
    'datestyle',
    'extra_float_digits',
    'geqo',
    'idle_in_transaction_session_timeout',
    'intervalstyle',
    'lock_timeout',
    'statement_timeout',
    'timezone',
  ].map((name) => name.toLowerCase()),
);

export interface StartupRequest {
  /** Names the connection. */
  readonly user: string;
  readonly database: string | undefined;
  /** For the target's start-up, as given. */
  readonly settings: readonly (readonly [string, string])[];
}

export type StartupRefusal = { readonly refused: string; readonly hint: string };

/** Sorts a client's start-up parameters, or says which of them is not taken. */
export function sortStartup(parameters: ReadonlyMap<string, string>): StartupRequest | StartupRefusal {
  const user = parameters.get('user');
  if (!user) return { refused: 'no user is given', hint: 'give the name of a Sallyport connection as the user' };
  if (parameters.has('replication') && !/^(false|off|no|0)$/i.test(parameters.get('replication')!)) {
    return {
      refused: 'replication connections are not supported',
      hint: 'connect without the "replication" parameter',
    };
  }
  const settings: [string, string][] = [];
  for (const [name, value] of expandOptions(parameters)) {
    const refusal = name === '' ? optionsRefusal : settingRefusal(name, value);
    if (refusal) return refusal;
    if (!given.has(name.toLowerCase())) settings.push([name, value]);
  }
  return { user, database: parameters.get('database') || undefined, settings };
}

/** The target side always asks for these, as the gateway must have them. */
const given = new Set(['client_encoding', 'standard_conforming_strings']);

const ours = new Set(['user', 'database', 'replication', 'options']);
const optionsRefusal: StartupRefusal = { refused: '"options" is not understood', hint: 'write it as "-c name=value"' };

function* expandOptions(parameters: ReadonlyMap<string, string>): Generator<[string, string]> {
  for (const [name, value] of parameters) if (!ours.has(name) && !name.startsWith('_pq_.')) yield [name, value];
  yield* parseOptions(parameters.get('options') ?? '');
}

/** `-c name=value` and `--name=value`, backslash escapes a space (postgres.c, pg_split_opts). An empty name: not understood. */
function* parseOptions(options: string): Generator<[string, string]> {
  const words = (options.match(/(?:\\.|[^\s\\])+/g) ?? []).map((word) => word.replace(/\\(.)/g, '$1'));
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index]!;
    const setting =
      word === '-c' ? (words[++index] ?? '') : word.startsWith('-c') || word.startsWith('--') ? word.slice(2) : '';
    const equals = setting.indexOf('=');
    if (equals < 1) yield ['', word];
    else yield [setting.slice(0, equals).replaceAll('-', '_'), setting.slice(equals + 1)];
  }
}

function settingRefusal(name: string, value: string): StartupRefusal | undefined {
  const lower = name.toLowerCase();
  if (lower === 'client_encoding') {
    return /^'?(utf-?8|unicode|sql_ascii)'?$/i.test(value) // SQL_ASCII is what libpq asks for in a C locale: no conversion
      ? undefined
      : {
          refused: `client_encoding "${value}" is not supported`,
          hint: 'use client_encoding UTF8 (PGCLIENTENCODING=UTF8)',
        };
  }
  if (lower === 'standard_conforming_strings') {
    return /^(on|true|yes|1)$/i.test(value)
      ? undefined
      : {
          refused: `standard_conforming_strings "${value}" is not supported`,
          hint: 'leave standard_conforming_strings on: the gateway reads strings as the standard says',
        };
  }
  if (settable.has(lower) || lower.startsWith('sallyport.')) return undefined;
  return {
    refused: `the start-up parameter "${name}" is not taken`,
    hint: `connect without it and send SET ${name}, which policy then decides on`,
  };
}

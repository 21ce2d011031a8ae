/** A server's answers as bytes that two runs of one script can be compared by, and as words for whoever reads a difference. */

import { Fields } from '../../libs/protocols/postgres/wire.js';
import type { Conversation } from './tap.js';

const typeOf = (raw: Buffer): string => String.fromCharCode(raw[0]!);

/** NotificationResponse begins with the process that sent it. */
const withoutSender = (raw: Buffer): Buffer => {
  const copy = Buffer.from(raw);
  copy.fill(0, 5, 9);
  return copy;
};

const valuesOf = (raw: Buffer): (Buffer | null)[] => {
  const fields = new Fields(raw.subarray(5));
  return Array.from({ length: fields.count() }, () => fields.value());
};

const temporarySchema = /pg_(toast_)?temp_\d+/g;

/** A row that names a temporary schema, without the lengths of its values, which the number's digits change. */
function withoutTemporarySchema(raw: Buffer): Buffer {
  if (!raw.includes('_temp_')) return raw;
  const values = valuesOf(raw).map((value) => value?.toString('latin1') ?? '\0');
  return Buffer.from(`D${values.join('\x01').replace(temporarySchema, 'pg_$1temp_N')}`, 'latin1');
}

/** The fields of an ErrorResponse or NoticeResponse, in the order in which they came. */
const reportFields = (raw: Buffer): string[] => raw.toString('utf8', 5).split('\0').filter(Boolean);

/**
 * The text names a process, or the temporary schema of one. And the gateway describes a portal before it runs it, so another
 * function of the server finds out that there is none.
 */
function withoutProcess(raw: Buffer): Buffer {
  const fields = reportFields(raw).map((field) =>
    field.replace(temporarySchema, 'pg_$1temp_N').replace(/\b(PID |[Pp]rocess )\d+/g, '$1N'),
  );
  const isMissingPortal = fields.includes('C34000');
  const kept = isMissingPortal ? fields.filter((field) => !'FLR'.includes(field[0]!)) : fields;
  return Buffer.concat([raw.subarray(0, 1), ...kept.map((field) => Buffer.from(`${field}\0`))]);
}

/** All that is left out of the comparison is in here. */
export function comparable(raw: Buffer): Buffer {
  const type = typeOf(raw);
  if (type === 'A') return withoutSender(raw);
  if (type === 'D') return withoutTemporarySchema(raw);
  return type === 'E' || type === 'N' ? withoutProcess(raw) : raw;
}

/** What a client heard, with the rows that hold its own process id and nothing else (`select pg_backend_pid()`) alike. */
export function withoutOwnProcess({ login, answers }: Conversation): Buffer[] {
  const processId = String(login.find((raw) => typeOf(raw) === 'K')?.readInt32BE(5));
  const isIt = (raw: Buffer): boolean => {
    const [value, ...more] = typeOf(raw) === 'D' ? valuesOf(raw) : [];
    return more.length === 0 && value?.toString('latin1') === processId;
  };
  return answers.map((raw) => (isIt(raw) ? Buffer.from('Dthe process id of this session') : raw));
}

const shown = 400;

/** A message on one line; a long one is cut, which is no matter where the bytes are compared too. */
export const inWords = (raw: Buffer): string => {
  const body = JSON.stringify(comparable(raw).toString('latin1', 1));
  return `${typeOf(raw)} ${body.length > shown ? `${body.slice(0, shown)}… ${raw.length} bytes` : body}`;
};

/** @returns undefined where both are the same byte for byte, else the first messages that are not, and where they are */
export function firstDifference(
  direct: readonly Buffer[],
  gateway: readonly Buffer[],
): { readonly at: number; readonly direct: string[]; readonly gateway: string[] } | undefined {
  const size = Math.max(direct.length, gateway.length);
  for (let at = 0; at < size; at += 1) {
    const [one, other] = [direct[at], gateway[at]];
    if (one !== undefined && other !== undefined && comparable(one).equals(comparable(other))) continue;
    return { at, direct: direct.slice(at, at + 3).map(inWords), gateway: gateway.slice(at, at + 3).map(inWords) };
  }
  return undefined;
}

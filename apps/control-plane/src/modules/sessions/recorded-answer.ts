import { decodeChunk } from '@sallyport/evidence';

/** Bytes of one answer that a replay shows; the whole of it is in the exported bundle. */
export const shownBytes = 64 * 1024;

export interface RecordedAnswer {
  readonly text: string;
  readonly bytes: number;
}

/** The first bytes of a recorded answer, as text that a terminal can show. */
export async function recordedAnswer(
  chunks: AsyncIterable<Uint8Array>,
  protocol: string | null,
): Promise<RecordedAnswer> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    const { payload } = decodeChunk(chunk);
    if (bytes < shownBytes) parts.push(payload);
    bytes += payload.length;
  }
  const shown = Buffer.concat(parts).subarray(0, shownBytes);
  return {
    text:
      protocol === 'postgres' ? postgresText(shown) : overHttp.has(protocol ?? '') ? httpText(shown) : shown.toString(),
    bytes,
  };
}

const overHttp: ReadonlySet<string> = new Set(['aws', 'anthropic', 'openai']);

/** A response by HTTP: its status line, what says of what kind it is, and the body as far as a terminal can show it. */
export function httpText(bytes: Buffer): string {
  const end = bytes.indexOf('\r\n\r\n');
  const head = bytes.toString('latin1', 0, end < 0 ? bytes.length : end).split('\r\n');
  const told = head.filter(
    (line, at) => at === 0 || /^(content-type|content-range|(x-amzn?-[a-z-]*|x-)?request-?id):/.test(line),
  );
  return [...told, '', end < 0 ? '' : textOf(bytes.subarray(end + 4))].join('\n').trimEnd();
}

/**
 * Rows, notices and errors out of the messages that a PostgreSQL server sends (protocol 3, 55.7), one line each. What
 * is cut off at the end is left out; values in binary are shown in hexadecimal.
 */
export function postgresText(bytes: Buffer): string {
  const lines: string[] = [];
  for (let at = 0; at + 5 <= bytes.length; ) {
    const length = bytes.readInt32BE(at + 1);
    if (length < 4 || at + 1 + length > bytes.length) break;
    const line = renderers[String.fromCharCode(bytes[at]!)]?.(bytes.subarray(at + 5, at + 1 + length));
    if (line !== undefined) lines.push(line);
    at += 1 + length;
  }
  return lines.join('\n');
}

type Renderer = (body: Buffer) => string;

// Control characters other than tab and line ends do something in a terminal.
const isPlain = (text: string): boolean => !/[^\P{Cc}\t\n\r]/u.test(text);

const textOf = (value: Buffer): string => {
  const text = value.toString();
  return Buffer.from(text).equals(value) && isPlain(text) ? text : `\\x${value.toString('hex')}`;
};

const renderers: Readonly<Record<string, Renderer>> = {
  T: (body) => columnsOf(body).join(' | '),
  D: (body) => valuesOf(body).join(' | '),
  C: (body) => `(${cString(body, 0)})`,
  E: (body) => `ERROR ${fieldOf(body, 'C')}: ${fieldOf(body, 'M')}`,
  N: (body) => `${fieldOf(body, 'S')}: ${fieldOf(body, 'M')}`,
  d: (body) => textOf(body).trimEnd(),
};

function cString(body: Buffer, from: number): string {
  const end = body.indexOf(0, from);
  return body.toString('utf8', from, end < 0 ? body.length : end);
}

function columnsOf(body: Buffer): string[] {
  const columns: string[] = [];
  for (let at = 2; at < body.length && columns.length < body.readInt16BE(0); ) {
    const name = cString(body, at);
    columns.push(name);
    at += Buffer.byteLength(name) + 1 + 18;
  }
  return columns;
}

function valuesOf(body: Buffer): string[] {
  const values: string[] = [];
  for (let at = 2; at + 4 <= body.length; ) {
    const length = body.readInt32BE(at);
    values.push(length < 0 ? 'NULL' : textOf(body.subarray(at + 4, at + 4 + length)));
    at += 4 + Math.max(0, length);
  }
  return values;
}

/** A field of an error or notice: a letter, then its text. */
function fieldOf(body: Buffer, letter: string): string {
  for (let at = 0; at < body.length && body[at] !== 0; ) {
    const text = cString(body, at + 1);
    if (String.fromCharCode(body[at]!) === letter) return text;
    at += Buffer.byteLength(text) + 2;
  }
  return '';
}

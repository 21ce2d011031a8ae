/** A plain client for the agent's own few questions to a target: one simple Query at a time, rows as text. */
import { GatewayError } from '@sallyport/core';
import { isType, parseReport, parseRowDescription, sqlStateOf } from './backend.js';
import type { LoggedIn } from './login.js';
import { readChunk } from './stream.js';
import { cstring, Fields, type Message, message } from './wire.js';

/** A hundred thousand columns take some ten million bytes. */
const answerLimit = 128 * 1024 * 1024;

export type TextRow = Readonly<Record<string, string | null>>;

/** @throws GatewayError TARGET_UNREACHABLE with the SQLSTATE when the target refuses the query or hangs up */
export async function query({ socket, reader }: LoggedIn, sql: string): Promise<TextRow[]> {
  socket.write(message('Q', cstring(sql)));
  const rows: TextRow[] = [];
  let names: string[] = [];
  let failure: string | undefined;
  let bytes = 0;
  for (;;) {
    const received = reader.next();
    if (received === undefined) {
      const chunk = await readChunk(socket);
      if (chunk === undefined) throw new GatewayError('TARGET_UNREACHABLE', 'the target hung up');
      bytes += chunk.length;
      if (bytes > answerLimit)
        throw new GatewayError('TOO_LARGE', 'the target’s answer to a catalogue query is too large');
      reader.push(chunk);
    } else if (isType(received, 'T')) names = parseRowDescription(received).map(({ name }) => name);
    else if (isType(received, 'D')) rows.push(textRow(received, names));
    else if (isType(received, 'E')) failure = sqlStateOf(parseReport(received));
    else if (isType(received, 'Z')) break;
  }
  if (failure !== undefined)
    throw new GatewayError('TARGET_UNREACHABLE', `the target refused a catalogue query (SQLSTATE ${failure})`);
  return rows;
}

function textRow({ body }: Message, names: readonly string[]): TextRow {
  const fields = new Fields(body);
  const count = fields.count();
  const row: Record<string, string | null> = {};
  for (let index = 0; index < count; index += 1)
    row[names[index] ?? String(index)] = fields.value()?.toString('utf8') ?? null;
  return row;
}

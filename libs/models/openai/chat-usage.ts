/**
 * A streamed completion tells what it used only where it is asked to. The agent asks, so that budgets count, and a client
 * that did not ask sees an answer as if nobody had.
 */
import { type JsonEdit, type JsonNode, member } from '../json-spans.js';

const asked = Buffer.from('"include_usage":true');

/** Puts a member into an object. */
const inserted = (object: Extract<JsonNode, { kind: 'object' }>, text: Uint8Array): JsonEdit => {
  const at = object.end - 1;
  return { start: at, end: at, bytes: object.members.size === 0 ? text : Buffer.concat([Buffer.from(','), text]) };
};

/** @param body of a request that is streamed and does not ask */
export const askUsage = (body: JsonNode): JsonEdit[] => {
  if (body.kind !== 'object') return [];
  const options = member(body, 'stream_options');
  const value = member(options, 'include_usage');
  if (value !== undefined) return [{ start: value.start, end: value.end, bytes: Buffer.from('true') }];
  if (options?.kind === 'object') return [inserted(options, asked)];
  const object = Buffer.from(`{${asked.toString()}}`);
  if (options !== undefined) return [{ start: options.start, end: options.end, bytes: object }];
  return [inserted(body, Buffer.concat([Buffer.from('"stream_options":'), object]))];
};

/** The piece that has come for the usage alone. */
export const isUsageAlone = (chunk: JsonNode): boolean => {
  const choices = member(chunk, 'choices');
  return choices?.kind === 'array' && choices.items.length === 0 && member(chunk, 'usage')?.kind === 'object';
};

/** Looked for this far around the value: nobody writes more between the parts of a member. */
const around = 64;
const before = /(,?)\s*"usage"\s*:\s*$/;
const after = /^\s*,/;

/** Takes the member out of a piece, as if it had never been asked for. */
export const withoutUsage = (document: Uint8Array, chunk: JsonNode): JsonEdit[] => {
  const usage = member(chunk, 'usage');
  if (usage === undefined) return [];
  const text = Buffer.from(document);
  const name = before.exec(text.toString('latin1', Math.max(0, usage.start - around), usage.start));
  if (name === null) return [{ ...spanOf(usage), bytes: Buffer.from('null') }];
  const isFirst = name[1] === '';
  const rest = isFirst ? (after.exec(text.toString('latin1', usage.end, usage.end + around))?.[0].length ?? 0) : 0;
  return [{ start: usage.start - name[0].length, end: usage.end + rest, bytes: new Uint8Array(0) }];
};

const spanOf = ({ start, end }: JsonNode): { readonly start: number; readonly end: number } => ({ start, end });

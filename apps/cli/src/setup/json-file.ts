import { GatewayError } from '@sallyport/core';

export type JsonObject = { [name: string]: unknown };

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A JSON file of somebody else's: its members, and how it is indented and ended. */
export interface JsonFile {
  readonly value: JsonObject;
  readonly indent: string | number;
  readonly end: string;
}

const byteOrderMark = '\u{feff}';

/** @throws INVALID_INPUT for what is not plain JSON: a comment would be lost in writing it again */
export const readJson = (path: string, bytes: Buffer | undefined): JsonFile => {
  const text = bytes?.toString('utf8') ?? '';
  if (text.trim() === '') return { value: {}, indent: 2, end: '\n' };
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value))
      return {
        value,
        indent: /^\s*[{[]\r?\n([ \t]+)/.exec(text)?.[1] ?? (text.trim().includes('\n') ? 2 : 0),
        end: /\s*$/.exec(text)![0],
      };
  } catch (cause) {
    const hint = text.startsWith(byteOrderMark)
      ? 'save it without a byte order mark'
      : 'comments and trailing commas are not JSON; correct it and try again';
    throw new GatewayError('INVALID_INPUT', `"${path}" is not JSON`, { cause, hint });
  }
  throw new GatewayError('INVALID_INPUT', `"${path}" is not a JSON object`);
};

export const jsonText = ({ value, indent, end }: JsonFile): string => JSON.stringify(value, null, indent) + end;

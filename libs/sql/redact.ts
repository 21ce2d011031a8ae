import { scanSync } from 'libpg-query';

/** @returns what to show instead of a literal, or undefined to leave it */
export type Hide = (literal: string) => string | undefined;

const literalTokens: ReadonlySet<string> = new Set([
  'SCONST',
  'USCONST',
  'BCONST',
  'XCONST',
  'FCONST',
  'ICONST',
  'C_COMMENT',
  'SQL_COMMENT',
]);

interface Piece {
  readonly start: number;
  readonly end: number;
}

/** Token positions count UTF-8 bytes. Some literals have no name in libpg-query's scan: their first character tells. */
const isLiteral = (name: string, text: string): boolean =>
  literalTokens.has(name) || /^([eEbBxXnN]|[uU]&)?['"]/.test(text);

const pieces = (text: string, bytes: Buffer): Piece[] =>
  scanSync(text)
    .tokens.filter(({ start, end, tokenName }) => isLiteral(tokenName, bytes.subarray(start, end).toString()))
    .map(({ start, end }) => ({ start, end }));

const replaced = (bytes: Buffer, all: readonly Piece[], hide: Hide): string => {
  let output = '';
  let at = 0;
  for (const { start, end } of all) {
    const literal = bytes.subarray(start, end).toString();
    output += bytes.subarray(at, start).toString() + (hide(literal) ?? literal);
    at = end;
  }
  return output + bytes.subarray(at).toString();
};

/**
 * Replaces what `hide` asks for in literals, quoted names and comments, found by PostgreSQL's own scanner. Each is
 * shown to `hide` as it stands in the text, quotes included. A text that does not scan is shown to `hide` whole, and so
 * is the result, for what lies across two literals.
 */
export const redactLiterals = (text: string, hide: Hide): string => {
  const whole = (value: string): string => hide(value) ?? value;
  if (text === '' || text.includes('\0')) return whole(text);
  try {
    const bytes = Buffer.from(text);
    return whole(replaced(bytes, pieces(text, bytes), hide));
  } catch {
    return whole(text);
  }
};

import { scanSync } from 'libpg-query';

const comments: ReadonlySet<string> = new Set(['C_COMMENT', 'SQL_COMMENT']);
/** A keyword, or a name without quotes: PostgreSQL folds both. */
const word = /^[A-Za-z_][\w$]*$/;

/**
 * A statement without how it is written: what differs in blanks, comments, the case of words and the last semicolon is alike.
 * Where the text does not scan it is like nothing but itself.
 */
export const likenessOf = (text: string): string => {
  if (text === '' || text.includes('\0')) return text;
  try {
    const bytes = Buffer.from(text);
    const tokens = scanSync(text)
      .tokens.filter(({ tokenName }) => !comments.has(tokenName))
      .map(({ start, end }) => bytes.subarray(start, end).toString())
      .map((token) => (word.test(token) ? token.toLowerCase() : token));
    while (tokens.at(-1) === ';') tokens.pop();
    return tokens.join(' ');
  } catch {
    return text;
  }
};

/** A SELECT without the values that it compares with: texts of one shape have one description. */
export interface Shape {
  readonly key: string;
  /** The literals that were taken out, as they stand in the text, in order. */
  readonly values: readonly string[];
}

/** Longer texts are described by themselves. */
const longest = 4096;

/**
 * Only a plain SELECT: what it compares with decides nothing that a description says, while the values of a SET, of what
 * is written, of a limit or of a function's argument may.
 */
const plainSelect = /^\s*select\s/i;
/** Dollar quotes and parameters, escapes, comments, broken Unicode, and what may write or stand for another statement. */
const elsewise = /[$\\\0\p{Surrogate}]|--|\/\*|\b(into|insert|update|delete|merge|execute|values)\b/iu;

/** PostgreSQL's own rules (scan.l) for what is left: blanks, words, quoted names, strings, numbers, operators, the rest. */
const token =
  /(?<blank>[ \t\n\r\f\v]+)|(?<word>[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)|(?<name>"(?:[^"]|"")+")|(?<string>'(?:[^']|'')*')|(?<number>[\d.][\w.]*)|(?<operator>[~!@#^&|`?+\-*/%<>=:]+)|(?<other>[(),;[\]])/y;

const comparisons: ReadonlySet<string> = new Set(['=', '<', '>', '<=', '>=', '<>', '!=']);
/** Fits an integer whatever it is: a longer one is a constant of another kind. */
const smallInteger = /^\d{1,9}$/;

type Groups = Readonly<
  Record<'blank' | 'word' | 'name' | 'string' | 'number' | 'operator' | 'other', string | undefined>
>;

const placeholderOf = ({ string, number }: Groups): string | undefined =>
  string !== undefined ? "'?'" : number !== undefined && smallInteger.test(number) ? '0?' : undefined;

/**
 * Reads the text token by token as the server does, and takes out the literals behind a comparison.
 * INVARIANT: two texts with one key differ in the values of constants of the same kind and in nothing else.
 * @returns undefined where the text is no plain SELECT, has nothing to take out, or is not surely understood
 */
export const shapeOf = (text: string): Shape | undefined => {
  if (text.length > longest || !plainSelect.test(text) || elsewise.test(text)) return undefined;
  const values: string[] = [];
  let key = '';
  let compares = false;
  token.lastIndex = 0;
  for (let at = 0; at < text.length; at = token.lastIndex) {
    const found = token.exec(text);
    if (found === null) return undefined;
    const groups = found.groups as unknown as Groups;
    const placeholder = compares ? placeholderOf(groups) : undefined;
    key += placeholder ?? found[0];
    if (placeholder !== undefined) values.push(found[0]);
    if (groups.blank === undefined) compares = comparisons.has(found[0]);
  }
  return values.length === 0 ? undefined : { key, values };
};

import { GatewayError } from '@sallyport/core';

const opens = '# >>> sallyport: written by sallyport setup, taken out by its --undo\n';
const closes = '# <<< sallyport\n';
const topBlock = /^# >>> sallyport: [\s\S]*?# <<< sallyport\n\n?/;
const laterBlock = /(?:(?<=\n)\n)?# >>> sallyport: [\s\S]*?# <<< sallyport\n/g;

export interface Statement {
  /** As written, without blanks: `model_provider`, or `[model_providers.sallyport]`. */
  readonly name: string;
  readonly line: number;
  /** Whether it stands before every table. */
  readonly isTop: boolean;
}

/** Keys and tables of a TOML text; what stands in strings of several lines is none of them. */
export const statementsOf = (text: string): Statement[] => {
  const statements: Statement[] = [];
  let ending: string | undefined;
  let isTop = true;
  text.split('\n').forEach((line, at) => {
    if (ending === undefined) {
      const table = /^\s*(\[+[^\]]*\]+)/.exec(line)?.[1];
      const key = /^\s*([A-Za-z0-9_."'-]+)\s*=/.exec(line)?.[1];
      if (table) isTop = false;
      const name = (table ?? key)?.replaceAll(/[\s"']/g, '');
      if (name !== undefined) statements.push({ name, line: at + 1, isTop });
    }
    for (const [mark] of line.matchAll(/"""|'''/g)) {
      if (ending === undefined) ending = mark;
      else if (ending === mark) ending = undefined;
    }
  });
  return statements;
};

export interface TomlBlocks {
  /** Keys, before every table; nothing is written there where there are none. */
  readonly top: string;
  /** Tables, at the end. */
  readonly tables: string;
}

/** What is not ours in a text that was written here before. */
export const withoutBlocks = (text: string): string => text.replace(topBlock, '').replace(laterBlock, '');

/** @param taken tells which statement of the person's own ours cannot stand beside. @throws CONFLICT with the first of them */
export const withBlocks = (
  path: string,
  text: string,
  { top, tables }: TomlBlocks,
  taken: (statement: Statement) => boolean,
): string => {
  const rest = withoutBlocks(text);
  const found = statementsOf(rest).find(taken);
  if (found)
    throw new GatewayError('CONFLICT', `"${path}" has its own ${found.name} in line ${found.line}`, {
      hint: 'there can be only one: take yours out, then try again',
    });
  const middle = rest === '' || rest.endsWith('\n') ? rest : `${rest}\n`;
  const head = top === '' ? '' : `${opens}${top}${closes}\n`;
  return `${head}${middle}${middle.trim() === '' ? '' : '\n'}${opens}${tables}${closes}`;
};

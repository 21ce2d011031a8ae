import { plainLine } from './plain-text.js';

const nameOf = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && 'name' in value ? value.name : undefined;

/** What a cell may hold: of what has a name the name, of anything else that is no text JSON. */
export const cell = (value: unknown): string => {
  if (value === undefined || value === null) return '-';
  if (Array.isArray(value)) return value.length ? value.map(cell).join(', ') : '-';
  const name = nameOf(value);
  if (typeof name === 'string') return plainLine(name);
  return plainLine(typeof value === 'string' ? value : JSON.stringify(value));
};

const widest = 60;
const clip = (text: string): string => (text.length > widest ? `${text.slice(0, widest - 1)}…` : text);

/** @param columns the title of each and what it shows of a row */
export const table = <Row>(rows: readonly Row[], columns: Readonly<Record<string, (row: Row) => unknown>>): string => {
  if (rows.length === 0) return 'none\n';
  const titles = Object.keys(columns);
  const lines = [
    titles.map((title) => title.toUpperCase()),
    ...rows.map((row) => titles.map((title) => clip(cell(columns[title]!(row))))),
  ];
  const widths = titles.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  return lines
    .map(
      (line) =>
        `${line
          .map((text, column) => text.padEnd(widths[column]!))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
};

/** One thing, a fact a line. */
export const sheet = (facts: Readonly<Record<string, unknown>>): string => {
  const shown = Object.entries(facts).filter(([, value]) => value !== undefined);
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${name.padEnd(width)}  ${cell(value)}\n`).join('');
};

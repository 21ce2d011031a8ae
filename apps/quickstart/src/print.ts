const colour = Boolean(process.stdout.isTTY) && !process.env['NO_COLOR'];
const painted =
  (code: string) =>
  (text: string): string =>
    colour ? `\u001b[${code}m${text}\u001b[0m` : text;

export const bold = painted('1');
export const dim = painted('2');
export const green = painted('32');
export const red = painted('31');
export const yellow = painted('33');

// Whoever reads us may stop (| head): that must not keep us from stopping everything in order.
process.stdout.on('error', () => undefined);

export const line = (text = ''): void => void process.stdout.write(`${text}\n`);

/** Says what is being done, and how long it took. */
export const progress = async <T>(what: string, work: (say: (detail: string) => void) => Promise<T>): Promise<T> => {
  const started = Date.now();
  process.stdout.write(`  ${what} … `);
  let broken = false;
  const say = (detail: string) => {
    process.stdout.write(`${broken ? '' : '\n'}      ${dim(detail)}\n`);
    broken = true;
  };
  try {
    const result = await work(say);
    process.stdout.write(
      `${broken ? `  ${what}: ` : ''}${green('ready')} ${dim(`(${((Date.now() - started) / 1000).toFixed(1)} s)`)}\n`,
    );
    return result;
  } catch (error) {
    process.stdout.write(`${red('failed')}\n`);
    throw error;
  }
};

const widest = 34;
const textOf = (value: unknown): string => {
  if (value === null || value === undefined) return 'NULL';
  return typeof value === 'string' ? value : JSON.stringify(value);
};
const cell = (value: unknown): string => {
  const text = textOf(value);
  return text.length > widest ? `${text.slice(0, widest - 1)}…` : text;
};

/** Rows as psql shows them. */
export const rowsText = (rows: readonly Readonly<Record<string, unknown>>[]): string => {
  const names = Object.keys(rows[0] ?? {});
  const cells = rows.map((row) => names.map((name) => cell(row[name])));
  const widths = names.map((name, column) => Math.max(name.length, ...cells.map((row) => row[column]!.length)));
  const put = (texts: readonly string[], between: string) =>
    texts
      .map((text, column) => ` ${text.padEnd(widths[column]!)} `)
      .join(between)
      .trimEnd();
  return [
    put(names, '|'),
    widths.map((width) => '-'.repeat(width + 2)).join('+'),
    ...cells.map((row) => put(row, '|')),
  ].join('\n');
};

export const indented = (text: string, by = 5): string =>
  text
    .trimEnd()
    .split('\n')
    .map((each) => `${' '.repeat(by)}${each}`.trimEnd())
    .join('\n');

/** What was hidden in one exchange: counted for the record, and told to the client once for each statement. */

const mostColumns = 20;
const longestName = 64;

export class Hidden {
  fields = 0;
  readonly rules = new Set<string>();
  /** Since the last statement ended: column → rules. */
  readonly #columns = new Map<string, Set<string>>();
  /** The list that each column was added with last: in a million rows the same one. */
  readonly #last = new Map<string, readonly string[]>();

  /** @param column as the client knows it; without one it is counted, and not told */
  add(rules: readonly string[], column?: string): void {
    this.fields += 1;
    if (column !== undefined && this.#last.get(column) === rules) return;
    for (const rule of rules) this.rules.add(rule);
    if (column !== undefined) this.#note(rules, column);
  }

  #note(rules: readonly string[], column: string): void {
    const known = this.#columns.get(column);
    if (known === undefined) this.#columns.set(column, new Set(rules));
    else for (const rule of rules) known.add(rule);
    this.#last.set(column, rules);
  }

  /** @returns what a person is told when a statement ends; undefined where nothing of its result was hidden */
  told(): string | undefined {
    if (this.#columns.size === 0) return undefined;
    const all = [...this.#columns].map(
      ([column, rules]) => `${column.slice(0, longestName)} (rule ${[...rules].join(', ')})`,
    );
    this.#columns.clear();
    this.#last.clear();
    const more = all.length > mostColumns ? ` and ${all.length - mostColumns} more` : '';
    return `masked by the gateway: ${all.slice(0, mostColumns).join(', ')}${more}`;
  }
}

import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const results = fileURLToPath(new URL('./results/', import.meta.url));

/** A table that a person reads after the run, and beside it what each side said where they differ. */
export class Report {
  readonly #directory: string;

  constructor(suite: string, head: readonly string[]) {
    this.#directory = path.join(results, suite);
    rmSync(this.#directory, { recursive: true, force: true });
    mkdirSync(this.#directory, { recursive: true });
    this.row(head);
    this.row(head.map(() => '---'));
  }

  row(cells: readonly string[]): void {
    appendFileSync(
      path.join(this.#directory, 'table.md'),
      `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`,
    );
  }

  keep(name: string, content: string | Buffer): void {
    writeFileSync(path.join(this.#directory, name), content);
  }
}

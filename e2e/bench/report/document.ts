import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { repository } from '../../testing/installation.js';
import type { Run } from '../run.js';
import { type Plot, svg } from './plot.js';
import { tables } from './tables.js';

const page = path.join(repository, 'docs', 'performance.md');
const picture = path.join(repository, 'docs', 'performance.svg');
const begins = '<!-- figures: written by npm run bench -->';
const ends = '<!-- end of figures -->';

/** Puts the run's figures between the page's markers, and its plot beside it. */
export function writeDocument(run: Run): void {
  writeFileSync(page, replaced(readFileSync(page, 'utf8'), tables(run)));
  if (run.results.throughput !== undefined) writeFileSync(picture, svg(plotOf(run)));
}

/** @throws when the page has lost its markers */
export function replaced(text: string, figures: string): string {
  const [from, to] = [text.indexOf(begins), text.indexOf(ends)];
  if (from < 0 || to < from) throw new Error(`the page has no "${begins}" before "${ends}"`);
  return `${text.slice(0, from + begins.length)}\n\n${figures}\n\n${text.slice(to)}`;
}

export function plotOf({ titles, results: { throughput = [] } }: Run): Plot {
  const clients = [...new Set(throughput.map((one) => one.clients))];
  const modes = [...new Set(throughput.map(({ mode }) => mode))];
  const whole = [...new Set(throughput.filter((one) => one.clients !== 8).map(({ peer }) => peer))];
  return {
    title: 'Read-only pgbench',
    unit: 'transactions a second, by number of clients; logarithmic',
    places: clients.map((count) => (count === 1 ? '1 client' : `${count} clients`)),
    panels: modes.map((mode) => ({
      title: mode,
      series: whole.map((peer) => ({
        name: titles[peer]!,
        values: clients.map(
          (count) =>
            throughput.find((one) => one.peer === peer && one.mode === mode && one.clients === count)?.tps.median,
        ),
      })),
    })),
  };
}

import { digits, ofSpread } from '../figures.js';
import { everyMs, heldMs, inCrowd, type ModelFigures, type Quantiles } from '../models/measure.js';
import { table } from './table.js';

/** @returns sections with their titles, as Markdown */
export const modelSections = (figures: ModelFigures): string[] => [
  section('Models: first token', firstTable(figures)),
  section(`Models: a delta every ${everyMs} ms`, paceTable(figures)),
  section(
    `Models: ${inCrowd.streams} streams at once, a delta every ${inCrowd.every} ms`,
    crowdTable(figures),
    crowdCosts(figures),
  ),
];

const section = (title: string, ...body: readonly string[]): string => [`### ${title}`, ...body].join('\n\n');

const quantiles = ({ p50, p99, most }: Quantiles): string[] => [p50, p99, most].map(digits);

const processesOf = ({ single }: ModelFigures): string[] => [...new Set(single.flatMap(({ cpu }) => Object.keys(cpu)))];

function firstTable(figures: ModelFigures): string {
  const { single, titles } = figures;
  const direct = single.find(({ way }) => way === 'direct')!;
  const processes = processesOf(figures);
  return table(
    ['1 client', 'requests', 'median ms', '99 %', 'added', 'to direct', ...processes.map((name) => `CPU ms, ${name}`)],
    single.map(({ way, requests, p50, p99, cpu }) => [
      titles[way]!,
      String(requests),
      ofSpread(p50),
      ofSpread(p99),
      way === 'direct' ? '' : digits(p50.median - direct.p50.median),
      digits(p50.median / direct.p50.median),
      ...processes.map((name) => (cpu[name] === undefined ? '' : digits(cpu[name]))),
    ]),
  );
}

const paceTable = ({ paced, titles }: ModelFigures): string =>
  table(
    [
      '1 client, ms',
      'first token',
      '99 %',
      'most',
      'gap, median',
      '99 %',
      'most',
      'gaps',
      `over ${everyMs + heldMs} ms`,
    ],
    paced.map(({ way, first, gaps, deltas, held }) => [
      titles[way]!,
      ...quantiles(first),
      ...quantiles(gaps),
      String(deltas),
      String(held),
    ]),
  );

const crowdTable = ({ many, titles }: ModelFigures): string =>
  table(
    ['ms', 'whole', 'at once', 'first token', '99 %', 'most', 'gap, median', '99 %', 'most', 'seconds'],
    many.map(({ way, whole, atOnce, first, gaps, seconds }) => [
      titles[way]!,
      String(whole),
      String(atOnce),
      ...quantiles(first),
      ...quantiles(gaps),
      digits(seconds),
    ]),
  );

const crowdCosts = (figures: ModelFigures): string =>
  table(
    ['way', 'process', 'ms of CPU for one stream', 'cores busy', 'MB for one stream'],
    figures.many.flatMap(({ way, cpu, cores, memory }) =>
      Object.keys(cpu).map((name) => [
        figures.titles[way]!,
        name,
        digits(cpu[name]!),
        digits(cores[name]!),
        memory[name] === undefined ? '' : digits(memory[name]),
      ]),
    ),
  );

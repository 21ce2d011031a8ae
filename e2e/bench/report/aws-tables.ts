import type { AwsCalls, AwsFigures } from '../aws/measure.js';
import { digits, ofSpread } from '../figures.js';
import { table } from './table.js';

/** @returns sections with their titles, as Markdown */
export const awsSections = (figures: AwsFigures): string[] => [
  section('AWS: small calls', smallTable(figures, 0), sdkTable(figures)),
  section('AWS: objects', ...sizesOf(figures).map((size) => objectTable(figures, size))),
  section('AWS: CPU', cpuTable(figures)),
  section('AWS: memory', memoryTable(figures), catalogueTable(figures)),
];

const section = (title: string, ...body: readonly string[]): string => [`### ${title}`, ...body].join('\n\n');

const sizesOf = ({ calls }: AwsFigures): number[] => [...new Set(calls.map(({ size }) => size))].filter(Boolean);

export const sizeName = (bytes: number): string =>
  bytes >= 1e9 ? `${digits(bytes / 1e9)} GB` : bytes >= 1e6 ? `${bytes / 1e6} MB` : `${bytes / 1e3} KB`;

const manyOf = (clients: number): string => (clients === 1 ? '1 client' : `${clients} clients`);

/** Calls and numbers of clients that were measured with this size, in their order. */
const columnsOf = ({ calls }: AwsFigures, size: number): Pick<AwsCalls, 'call' | 'clients'>[] =>
  calls.filter((one) => one.size === size && one.way === 'direct');

const cell = (
  { calls }: AwsFigures,
  way: string,
  size: number,
  { call, clients }: Pick<AwsCalls, 'call' | 'clients'>,
) => calls.find((one) => one.way === way && one.size === size && one.call === call && one.clients === clients);

function smallTable(figures: AwsFigures, size: number): string {
  const columns = columnsOf(figures, size);
  return table(
    [
      'ms',
      ...columns.flatMap(({ call, clients }) => [
        `${call}, ${manyOf(clients)}: median`,
        '99 %',
        'added',
        'calls a second',
      ]),
    ],
    Object.entries(figures.titles).map(([way, title]) => [
      title,
      ...columns.flatMap((column) => {
        const [one, direct] = [cell(figures, way, size, column), cell(figures, 'direct', size, column)];
        if (one === undefined || direct === undefined) return ['–', '–', '–', '–'];
        const added = way === 'direct' ? '' : digits(one.p50.median - direct.p50.median);
        return [ofSpread(one.p50), ofSpread(one.p99), added, digits(one.perSecond.median)];
      }),
    ]),
  );
}

const sdkTable = ({ sdk, titles }: AwsFigures): string =>
  table(
    ['ms by AWS SDK for JavaScript, GetItem, 1 client', 'median', '99 %'],
    sdk.map(({ way, p50, p99 }) => [titles[way]!, digits(p50), digits(p99)]),
  );

/** Small ones by their time, large ones by their speed. */
function objectTable(figures: AwsFigures, size: number): string {
  if (size < 1e6) return [`Objects of ${sizeName(size)}:`, smallTable(figures, size)].join('\n\n');
  const columns = columnsOf(figures, size);
  return table(
    [
      `MB/s, objects of ${sizeName(size)}`,
      ...columns.flatMap(({ call, clients }) => [`${call}, ${manyOf(clients)}`, 'to direct']),
    ],
    Object.entries(figures.titles).map(([way, title]) => [
      title,
      ...columns.flatMap((column) => {
        const [one, direct] = [cell(figures, way, size, column), cell(figures, 'direct', size, column)];
        if (one === undefined || direct === undefined) return ['–', '–'];
        const speed = (each: AwsCalls): number => (each.perSecond.median * size) / 1e6;
        return [digits(speed(one)), digits(speed(one) / speed(direct))];
      }),
    ]),
  );
}

function cpuTable({ calls, titles }: AwsFigures): string {
  const used = calls.filter(({ cpu }) => Object.keys(cpu).length > 0);
  const processes = [...new Set(used.flatMap(({ cpu }) => Object.keys(cpu)))];
  return table(
    ['ms of CPU for one request', 'object', 'clients', 'way', ...processes],
    used.map(({ call, size, clients, way, cpu }) => [
      call,
      size === 0 ? '' : sizeName(size),
      String(clients),
      titles[way]!,
      ...processes.map((name) => digits(cpu[name] ?? Number.NaN)),
    ]),
  );
}

const memoryTable = ({ memory, titles }: AwsFigures): string =>
  table(
    ['resident MB', 'call', 'clients', 'way', 'before', 'peaks in the quarters'],
    memory.map(({ process, call, clients, way, before, quarters }) => [
      process,
      call,
      String(clients),
      titles[way]!,
      digits(before),
      quarters.map(digits).join(', '),
    ]),
  );

const catalogueTable = ({ catalogue }: AwsFigures): string =>
  table(
    ['catalogue', 'services', 'ms to load', 'MB of heap', 'MB beside the heap'],
    [
      [
        'in a new process',
        String(catalogue.services),
        digits(catalogue.milliseconds),
        digits(catalogue.heapMegabytes),
        digits(catalogue.outsideMegabytes),
      ],
    ],
  );

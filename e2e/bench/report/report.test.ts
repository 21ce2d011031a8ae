import { describe, expect, test } from 'vitest';
import type { AwsCalls, AwsFigures } from '../aws/measure.js';
import { spread } from '../figures.js';
import type { ByProcess } from '../models/load.js';
import { gapsOf, type ModelFigures, quantilesOf } from '../models/measure.js';
import { parseOptions } from '../options.js';
import type { Throughput } from '../parts/throughput.js';
import type { Results, Run } from '../run.js';
import { plotOf, replaced } from './document.js';
import { scaleOf, svg } from './plot.js';
import { table } from './table.js';
import { tables } from './tables.js';
import { targetsOf } from './targets.js';

const throughput = (peer: string, clients: number, tps: number, p50: number): Throughput => ({
  peer,
  mode: 'simple',
  clients,
  tps: spread([tps]),
  p50: spread([p50]),
  p99: spread([p50 * 2]),
  cpu: peer === 'gateway' ? { agent: 0.5 } : {},
});

const results: Results = {
  throughput: [1, 8].flatMap((clients) => [
    throughput('direct', clients, 10_000 * clients, 0.1),
    throughput('pgbouncer', clients, 8_000 * clients, 0.12),
    throughput('tunnel', clients, 3_000 * clients, 0.3),
    throughput('gateway', clients, 4_000, 0.45),
  ]),
};

const run: Run = {
  machine: {
    date: '2026-01-01 00:00',
    commit: 'abc',
    cpu: 'a cpu',
    cores: 2,
    memoryGigabytes: 8,
    busyCores: 0.4,
    diskSyncMilliseconds: 1.5,
    versions: { Node: '20' },
  },
  options: parseOptions(['--quick']),
  titles: { direct: 'direct', pgbouncer: 'PgBouncer', tunnel: 'bare tunnel', gateway: 'Sally|port' },
  missing: ['haproxy'],
  results,
};

test('a table escapes what would end a cell', () => {
  expect(table(['a', 'b'], [['x|y', '1']])).toBe('| a | b |\n| --- | ---: |\n| x\\|y | 1 |');
});

describe('the targets', () => {
  test('compare the gateway with its neighbours of the same mode and number of clients', () => {
    expect(targetsOf(results)).toEqual([
      {
        what: 'simple, 1 client: added to direct at the median',
        wanted: 'at most 0.3 ms',
        measured: { value: '0.350 ms', met: false },
      },
      {
        what: 'simple, 8 clients: throughput to the bare tunnel',
        wanted: 'at least 1',
        measured: { value: '0.167', met: false },
      },
      {
        what: 'simple, 8 clients: throughput to PgBouncer',
        wanted: 'at least 0.5',
        measured: { value: '0.0625', met: false },
      },
    ]);
  });

  test('are told beside it without the wait for the disk, where that was measured', () => {
    const fast = { ...results, throughput: [...results.throughput!, throughput('gateway-fast-disk', 8, 30_000, 0.2)] };
    expect(targetsOf(fast).map(({ withFastDisk }) => withFastDisk)).toEqual([
      undefined,
      { value: '1.25', met: true },
      { value: '0.469', met: false },
    ]);
  });

  test('memory is flat when its last quarter is not above the second one', () => {
    const memory = (quarters: number[]) => [
      {
        process: 'agent',
        atRest: 89,
        idleSessions: 5,
        underIdleSessions: 95,
        results: [{ way: 'copy' as const, megabytes: 1000, quarters }],
        afterwards: 90,
      },
    ];
    const met = (quarters: number[]) => targetsOf({ memory: memory(quarters) }).map(({ measured }) => measured.met);
    expect(met([50, 100, 105, 104])).toEqual([true, true]);
    expect(met([50, 100, 105, 120])).toEqual([true, false]);
  });

  test('say nothing about what was not measured', () => {
    expect(targetsOf({})).toEqual([]);
    expect(targetsOf({ throughput: [throughput('gateway', 8, 1, 1)] })).toEqual([]);
  });

  test('are met at exactly what is wanted', () => {
    const connect = [{ peer: 'gateway', p50: 25, p99: 40 }];
    expect(targetsOf({ connect })).toMatchObject([{ measured: { met: true } }]);
    expect(targetsOf({ connect: [{ ...connect[0]!, p50: 25.01 }] })).toMatchObject([{ measured: { met: false } }]);
  });
});

describe('the way to AWS', () => {
  const call = (way: string, size: number, p50: number, perSecond: number): AwsCalls => ({
    way,
    call: 'GetObject',
    size,
    clients: 1,
    p50: spread([p50]),
    p99: spread([2 * p50]),
    perSecond: spread([perSecond]),
    cpu: way === 'direct' ? {} : { agent: 1.5 },
  });
  const aws: AwsFigures = {
    titles: { direct: 'direct', scanned: 'detectors on' },
    calls: [
      call('direct', 1e3, 0.1, 9000),
      call('scanned', 1e3, 1.2, 800),
      call('direct', 1e9, 2000, 0.5),
      call('scanned', 1e9, 10_000, 0.1),
    ],
    memory: [
      { way: 'scanned', call: 'GetObject', clients: 1, process: 'agent', before: 90, quarters: [90, 100, 105, 111] },
    ],
    sdk: [{ way: 'direct', p50: 1, p99: 2 }],
    catalogue: { services: 436, milliseconds: 20, heapMegabytes: 8, outsideMegabytes: 3 },
  };

  test('is held against what is added, carried, and kept in memory', () => {
    expect(targetsOf({ aws }).map(({ measured }) => measured)).toEqual([
      { value: '1.10 ms', met: false },
      { value: '100 MB/s', met: true },
      { value: '1.11', met: false },
      { value: '20.0 ms', met: true },
      { value: '11.0 MB', met: false },
    ]);
  });

  test('is shown beside the direct one', () => {
    const text = tables({ ...run, results: { aws } });
    expect(text).toContain('| detectors on | 100 | 0.200 |');
    expect(text).toContain('| GetObject | 1 KB | 1 | detectors on | 1.50 |');
    expect(text).not.toMatch(/NaN|undefined/);
  });
});

describe('the way to a model', () => {
  const quantiles = { p50: 10, p99: 20, most: 40 };
  const used = (way: string, by: ByProcess): ByProcess => (way === 'direct' ? {} : by);
  const of = (way: string, p50: number, held: number, whole: number) => ({
    single: { way, requests: 9, p50: spread([p50]), p99: spread([2 * p50]), cpu: used(way, { agent: 3 }) },
    paced: { way, first: quantiles, gaps: quantiles, deltas: 1000, held },
    many: {
      way,
      streams: 200,
      whole,
      atOnce: 200,
      first: quantiles,
      gaps: quantiles,
      seconds: 5,
      cpu: used(way, { agent: 4, store: 2 }),
      cores: used(way, { agent: 0.5, store: 0.25 }),
      memory: used(way, { agent: 0.125 }),
    },
  });
  const figuresOf = (...ways: ReturnType<typeof of>[]): ModelFigures => ({
    titles: { direct: 'direct', gateway: 'Sallyport' },
    single: ways.map(({ single }) => single),
    paced: ways.map(({ paced }) => paced),
    many: ways.map(({ many }) => many),
  });
  const verdicts = (models: ModelFigures) => targetsOf({ models }).map(({ measured }) => measured);

  test('is held against what is added, held back beyond the machine’s own delays, and come whole', () => {
    expect(verdicts(figuresOf(of('direct', 1, 3, 200), of('gateway', 6, 3, 200))).map(({ met }) => met)).toEqual([
      true,
      true,
      true,
    ]);
    expect(verdicts(figuresOf(of('direct', 1, 3, 200), of('gateway', 6.01, 4, 199)))).toEqual([
      { value: '5.01 ms', met: false },
      { value: '1.00', met: false },
      { value: '199', met: false },
    ]);
  });

  test('is shown beside the direct one, by process', () => {
    const text = tables({ ...run, results: { models: figuresOf(of('direct', 1, 0, 200), of('gateway', 6, 0, 200)) } });
    expect(text).toContain('| Sallyport | 9 | 6.00 | 12.0 | 5.00 | 6.00 | 3.00 |');
    expect(text).toContain('| Sallyport | agent | 4.00 | 0.500 | 0.125 |');
    expect(text).toContain('| Sallyport | store | 2.00 | 0.250 |  |');
    expect(text).not.toMatch(/NaN|undefined/);
  });

  test('has gaps within answers, never between them', () => {
    expect(
      gapsOf([
        [5, 15, 35],
        [1, 2],
      ]),
    ).toEqual([1, 10, 20]);
    expect(quantilesOf([1, 10, 20])).toEqual({ p50: 10, p99: 20, most: 20 });
  });
});

describe('the page', () => {
  test('shows each peer with its ratio to the bare tunnel, and what is missing', () => {
    const text = tables(run);
    expect(text).toContain('| Sally\\|port | 4000 | 1.33 | 4000 | 0.167 |');
    expect(text).toContain('not installed, so not measured: haproxy');
    expect(text).toContain('other programs kept 0.400 cores busy');
    expect(tables({ ...run, machine: { ...run.machine, busyCores: 0.05 } })).not.toContain('other programs');
    expect(text).not.toContain('NaN');
    expect(text).not.toContain('undefined');
  });

  test('is changed between its markers only', () => {
    const page = 'before\n<!-- figures: written by npm run bench -->\nold\n<!-- end of figures -->\nafter\n';
    const once = replaced(page, 'new');
    expect(once).toBe('before\n<!-- figures: written by npm run bench -->\n\nnew\n\n<!-- end of figures -->\nafter\n');
    expect(replaced(once, 'new')).toBe(once);
    expect(() => replaced('no markers', 'new')).toThrow('the page has no');
  });
});

describe('the plot', () => {
  test('has a line for each peer, a point for each number of clients, and nothing that is no number', () => {
    const picture = svg(plotOf(run));
    expect(picture.match(/<polyline/g)).toHaveLength(4);
    expect(picture.match(/<circle/g)).toHaveLength(8);
    expect(picture).not.toMatch(/NaN|Infinity|undefined/);
  });

  test('leaves out what was not measured, and escapes names', () => {
    const plot = {
      title: 'a < b & "c"',
      unit: 'u',
      places: ['x', 'y'],
      panels: [{ title: 't', series: [{ name: '<b>', values: [10, undefined] }] }],
    };
    expect(svg(plot).match(/<circle/g)).toHaveLength(1);
    expect(svg(plot)).toContain('a &lt; b &amp; &quot;c&quot;');
    expect(svg(plot)).not.toContain('<b>');
  });

  test('the scale runs over whole powers of ten', () => {
    const { ticks, y } = scaleOf([150, 20_000, undefined]);
    expect(ticks).toEqual([100, 1_000, 10_000, 100_000]);
    expect(y(100_000)).toBe(0);
    expect(y(100)).toBeGreaterThan(y(1_000));
    expect(scaleOf([]).ticks).toEqual([1, 10]);
  });
});

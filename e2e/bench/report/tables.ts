import { digits, ofSpread } from '../figures.js';
import type { Memory } from '../parts/memory.js';
import type { Profiled } from '../parts/profiled.js';
import { type BigResult, type Shape, shapes, type Way } from '../parts/result.js';
import type { Stuck } from '../parts/stuck.js';
import type { Throughput } from '../parts/throughput.js';
import type { Cost } from '../profile.js';
import type { Run } from '../run.js';
import { awsSections } from './aws-tables.js';
import { modelSections } from './models-tables.js';
import { table } from './table.js';
import type { Measured } from './target.js';
import { targetsOf } from './targets.js';

/** The generated part of the document. */
export function tables(run: Run): string {
  const { throughput, connect, result, memory, stuck, profile, aws, awsProfile, models, modelsProfile } = run.results;
  return [
    about(run),
    section('Targets', targetTable(run)),
    ...(throughput === undefined ? [] : throughputSections(run, throughput)),
    connect && section('Connection set-up', connectTable(run)),
    ...(result === undefined ? [] : resultSections(run, result)),
    memory && section('Memory', memoryTable(memory)),
    stuck && section('Stuck readers', stuckTable(run, stuck)),
    ...(aws === undefined ? [] : awsSections(aws)),
    ...(models === undefined ? [] : modelSections(models)),
    profile && section('Where the time goes', ...profileTables(profile)),
    awsProfile && section('Where the time goes, AWS', ...profileTables(awsProfile)),
    modelsProfile && section('Where the time goes, models', ...profileTables(modelsProfile)),
  ]
    .filter((part) => part !== undefined)
    .join('\n\n');
}

const section = (title: string, ...body: readonly string[]): string => [`### ${title}`, ...body].join('\n\n');

/** The part of all cores that an idle machine's own housekeeping may take. */
const quiet = 0.05;

function about({ machine, options, missing }: Run): string {
  const { rounds, seconds, resultMegabytes, watchedMegabytes } = options;
  const lines = [
    `\`${options.command}\`, ${machine.date} UTC, commit ${machine.commit}`,
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGigabytes} GB; everything on this one machine`,
    `the disk of the store promises a page in ${digits(machine.diskSyncMilliseconds)} ms; no commit is faster`,
    ...(machine.busyCores > quiet * machine.cores
      ? [`the machine was shared: other programs kept ${digits(machine.busyCores)} cores busy just before`]
      : []),
    Object.entries(machine.versions)
      .map(([name, version]) => (version.includes(' ') ? version : `${name} ${version}`))
      .join(', '),
    `median of ${rounds} ${rounds === 1 ? 'round' : 'rounds, lowest and highest in brackets'}; ${seconds} s for each round of pgbench; results of about ${resultMegabytes} MB, where memory is watched ${watchedMegabytes} MB`,
    ...(missing.length > 0 ? [`not installed, so not measured: ${missing.join(', ')}`] : []),
  ];
  return lines.map((line) => `- ${line}`).join('\n');
}

const targetTable = (run: Run): string =>
  table(
    ['target', 'wanted', 'measured', 'met', 'disk that answers at once', 'met'],
    targetsOf(run.results).map(({ what, wanted, measured, withFastDisk }) => [
      what,
      wanted,
      ...verdict(measured),
      ...verdict(withFastDisk),
    ]),
  );

const verdict = (measured: Measured | undefined): string[] =>
  measured === undefined ? ['', ''] : [measured.value, measured.met ? 'yes' : 'no'];

// ---------------------------------------------------------------------------------------------------- throughput

function throughputSections(run: Run, all: readonly Throughput[]): string[] {
  const modes = [...new Set(all.map(({ mode }) => mode))];
  const perMode = modes.map((mode) => {
    const these = all.filter((one) => one.mode === mode);
    return section(`Read-only pgbench, ${mode}`, speedTable(run, these), latencyTable(run, these));
  });
  return [...perMode, section('CPU', cpuTable(run, all)), section('Records under load', recordTable(run, all))];
}

const clientsOf = (these: readonly Throughput[]): number[] => [...new Set(these.map(({ clients }) => clients))];
const peersOf = (these: readonly { peer: string }[]): string[] => [...new Set(these.map(({ peer }) => peer))];
const manyOf = (clients: number): string => (clients === 1 ? '1 client' : `${clients} clients`);

function speedTable({ titles }: Run, these: readonly Throughput[]): string {
  const clients = clientsOf(these);
  const tps = (peer: string, count: number) => these.find((one) => one.peer === peer && one.clients === count)?.tps;
  const ratio = (peer: string, count: number): string => {
    const [mine, yardstick] = [tps(peer, count), tps('tunnel', count)];
    return mine && yardstick ? digits(mine.median / yardstick.median) : '–';
  };
  return table(
    ['transactions a second', ...clients.flatMap((count) => [manyOf(count), 'to the tunnel'])],
    peersOf(these).map((peer) => [
      titles[peer]!,
      ...clients.flatMap((count) => [tps(peer, count) ? ofSpread(tps(peer, count)!) : '–', ratio(peer, count)]),
    ]),
  );
}

function latencyTable({ titles }: Run, these: readonly Throughput[]): string {
  const clients = clientsOf(these);
  const cells = (peer: string, count: number): string[] => {
    const one = these.find((each) => each.peer === peer && each.clients === count);
    return one === undefined ? ['–', '–'] : [ofSpread(one.p50), ofSpread(one.p99)];
  };
  return table(
    ['latency in ms', ...clients.flatMap((count) => [`${manyOf(count)}, median`, '99 %'])],
    peersOf(these).map((peer) => [titles[peer]!, ...clients.flatMap((count) => cells(peer, count))]),
  );
}

function cpuTable({ titles }: Run, all: readonly Throughput[]): string {
  const with8 = all.filter(({ clients, cpu }) => clients === 8 && Object.keys(cpu).length > 0);
  const modes = [...new Set(with8.map(({ mode }) => mode))];
  const rows = peersOf(with8).flatMap((peer) => {
    const these = with8.filter((one) => one.peer === peer);
    return Object.keys(these[0]!.cpu).map((name) => [
      name === titles[peer] ? name : `${titles[peer]}: ${name}`,
      ...modes.map((mode) => digits(these.find((one) => one.mode === mode)?.cpu[name] ?? Number.NaN)),
    ]);
  });
  return table(['seconds of CPU for 1,000 transactions, 8 clients', ...modes], rows);
}

function recordTable({ titles }: Run, all: readonly Throughput[]): string {
  return table(
    ['', 'mode', 'clients', 'commits a second', 'operations a commit', 'ms a commit'],
    all.flatMap(({ peer, mode, clients, recorded }) =>
      recorded === undefined
        ? []
        : [
            [
              titles[peer]!,
              mode,
              String(clients),
              digits(recorded.commitsPerSecond),
              digits(recorded.operationsPerCommit),
              digits(recorded.millisecondsPerCommit),
            ],
          ],
    ),
  );
}

// ------------------------------------------------------------------------------------------------------ the others

const connectTable = ({ titles, results }: Run): string =>
  table(
    ['ms from connect to closed', 'median', '99 %'],
    results.connect!.map(({ peer, p50, p99 }) => [titles[peer]!, digits(p50), digits(p99)]),
  );

function resultSections({ titles }: Run, all: readonly BigResult[]): string[] {
  const columns = Object.keys(shapes) as Shape[];
  return (['copy', 'select'] as Way[]).map((way) => {
    const these = all.filter((one) => one.way === way);
    const of = (peer: string, shape: Shape) => these.find((one) => one.peer === peer && one.shape === shape);
    const cells = (peer: string, shape: Shape): string[] => {
      const [one, direct] = [of(peer, shape), of('direct', shape)];
      if (one === undefined) return ['–', '–'];
      return [ofSpread(one.speed), direct ? digits(one.speed.median / direct.speed.median) : '–'];
    };
    const speeds = table(
      ['MB/s', ...columns.flatMap((shape) => [shapes[shape].title, 'to direct'])],
      peersOf(these).map((peer) => [titles[peer]!, ...columns.flatMap((shape) => cells(peer, shape))]),
    );
    const cpu = table(
      ['seconds of CPU for 100 MB', ...columns.map((shape) => shapes[shape].title)],
      peersOf(these).flatMap((peer) =>
        Object.keys(of(peer, 'clean')?.cpu ?? {}).map((name) => [
          name === titles[peer] ? name : `${titles[peer]}: ${name}`,
          ...columns.map((shape) => digits(of(peer, shape)?.cpu[name] ?? Number.NaN)),
        ]),
      ),
    );
    return section(way === 'copy' ? 'A big result by COPY' : 'A big result by SELECT', speeds, cpu);
  });
}

function memoryTable(memory: readonly Memory[]): string {
  const { idleSessions, results } = memory[0]!;
  return table(
    [
      'resident MB',
      'at rest',
      `${idleSessions} idle sessions`,
      ...results.map(
        ({ way, megabytes }) => `peaks in the quarters of ${digits(megabytes)} MB by ${way.toUpperCase()}`,
      ),
      '3 s afterwards',
    ],
    memory.map((one) => [
      one.process,
      digits(one.atRest),
      digits(one.underIdleSessions),
      ...one.results.map(({ quarters }) => quarters.map(digits).join(', ')),
      digits(one.afterwards),
    ]),
  );
}

const stuckTable = ({ titles }: Run, stuck: readonly Stuck[]): string =>
  table(
    ['8 clients, simple', 'stuck readers', 'transactions a second', 'median ms', '99 % ms'],
    stuck.map((one) => [titles[one.peer]!, String(one.stuck), ofSpread(one.tps), ofSpread(one.p50), ofSpread(one.p99)]),
  );

// -------------------------------------------------------------------------------------------------------- profiles

/** A table for each process and work: what packages cost with what Node did for them, beside the dearest functions. */
const profileTables = (profiles: readonly Profiled[]): string[] =>
  profiles.flatMap(({ work, process, seconds, busySeconds, packages, functions }) => {
    const lines = Array.from({ length: Math.max(packages.length, functions.length) }, (_, index) => [
      ...costCells(packages[index]),
      ...costCells(functions[index]),
    ]);
    const busy = `busy for ${digits(busySeconds)} s of ${digits(seconds)} s`;
    return [`**${work}: ${process}**, ${busy}`, table(['on behalf of', '%', 'function itself', '%'], lines)];
  });

const costCells = (cost: Cost | undefined): string[] =>
  cost === undefined ? ['', ''] : [cost.what, (cost.part * 100).toFixed(1)];

import { digits } from '../figures.js';
import type { Mode } from '../options.js';
import { stuckReaders } from '../parts/stuck.js';
import type { Results } from '../run.js';

export interface Target {
  readonly what: string;
  readonly wanted: string;
  readonly measured: string;
  readonly met: boolean;
}

/** What the project has set itself, as far as this run has measured it. Times of one run are compared with each other. */
export const targetsOf = (results: Results): Target[] => [
  ...throughputTargets(results),
  ...connectTargets(results),
  ...resultTargets(results),
  ...memoryTargets(results),
  ...stuckTargets(results),
];

const atLeast = (what: string, wanted: number, measured: number, unit = ''): Target => ({
  what,
  wanted: `at least ${wanted}${unit}`,
  measured: `${digits(measured)}${unit}`,
  met: measured >= wanted,
});

const atMost = (what: string, wanted: number, measured: number, unit: string): Target => ({
  what,
  wanted: `at most ${wanted}${unit}`,
  measured: `${digits(measured)}${unit}`,
  met: measured <= wanted,
});

function throughputTargets({ throughput = [] }: Results): Target[] {
  const of = (peer: string, mode: Mode, clients: number) =>
    throughput.find((one) => one.peer === peer && one.mode === mode && one.clients === clients);
  return throughput
    .filter(({ peer }) => peer === 'gateway')
    .flatMap(({ mode, clients, tps, p50 }) => {
      const [direct, tunnel, bouncer] = ['direct', 'tunnel', 'pgbouncer'].map((peer) => of(peer, mode, clients));
      if (clients === 1)
        return direct
          ? [atMost(`${mode}, 1 client: added to direct at the median`, 0.3, p50.median - direct.p50.median, ' ms')]
          : [];
      const load = `${mode}, ${clients} clients: throughput to`;
      return [
        ...(tunnel ? [atLeast(`${load} the bare tunnel`, 1, tps.median / tunnel.tps.median)] : []),
        ...(bouncer ? [atLeast(`${load} PgBouncer`, 0.5, tps.median / bouncer.tps.median)] : []),
      ];
    });
}

function connectTargets({ connect = [] }: Results): Target[] {
  const gateway = connect.find(({ peer }) => peer === 'gateway');
  return gateway ? [atMost('connection set-up, median', 25, gateway.p50, ' ms')] : [];
}

function resultTargets({ result = [] }: Results): Target[] {
  const speed = (peer: string, shape: string): number | undefined =>
    result.find((one) => one.peer === peer && one.way === 'copy' && one.shape === shape)?.speed.median;
  const [gateway, direct, masked] = [speed('gateway', 'clean'), speed('direct', 'clean'), speed('gateway', 'masked')];
  return [
    ...(gateway && direct ? [atLeast('unmasked COPY to direct', 0.8, gateway / direct)] : []),
    ...(masked ? [atLeast('masked COPY', 100, masked, ' MB/s')] : []),
  ];
}

/** Flat: the last quarter of the result's time peaks no more than this above the second one; the first one warms up. */
const flatWithin = 1.1;

const memoryTargets = ({ memory = [] }: Results): Target[] =>
  memory.flatMap(({ process, atRest, quarters, resultMegabytes }) => [
    ...(process === 'agent' ? [atMost('agent at rest', 90, atRest, ' MB')] : []),
    ...(quarters.length === 4
      ? [
          atMost(
            `${process} during ${digits(resultMegabytes)} MB: peak of the last quarter to that of the second`,
            flatWithin,
            quarters[3]! / quarters[1]!,
            '',
          ),
        ]
      : []),
  ]);

/** What runs of one and the same thing differ by on a machine with other work. */
const noise = 1.1;

function stuckTargets({ stuck = [] }: Results): Target[] {
  const [without, beside] = [0, stuckReaders].map((count) =>
    stuck.find((one) => one.peer === 'gateway' && one.stuck === count),
  );
  if (without === undefined || beside === undefined) return [];
  const what = `median beside ${stuckReaders} stuck readers to without them`;
  return [atMost(what, noise, beside.p50.median / without.p50.median, '')];
}

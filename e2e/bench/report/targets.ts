import { digits } from '../figures.js';
import { stuckReaders } from '../parts/stuck.js';
import type { Throughput } from '../parts/throughput.js';
import type { Results } from '../run.js';
import { awsTargets } from './aws-targets.js';
import { modelTargets } from './models-targets.js';
import { atLeast, atMost, flatWithin, type Target, target } from './target.js';

/** What the project has set itself, as far as this run has measured it. Times of one run are compared with each other. */
export const targetsOf = (results: Results): Target[] => [
  ...throughputTargets(results),
  ...connectTargets(results),
  ...resultTargets(results),
  ...memoryTargets(results),
  ...stuckTargets(results),
  ...awsTargets(results),
  ...modelTargets(results),
];

function throughputTargets({ throughput = [] }: Results): Target[] {
  return throughput.filter(({ peer }) => peer === 'gateway').flatMap((gateway) => loadTargets(gateway, throughput));
}

function loadTargets(gateway: Throughput, all: readonly Throughput[]): Target[] {
  const { mode, clients } = gateway;
  const of = (peer: string) => all.find((one) => one.peer === peer && one.mode === mode && one.clients === clients);
  const fast = of('gateway-fast-disk');
  if (clients === 1) {
    const direct = of('direct');
    if (direct === undefined) return [];
    const added = (one: Throughput): number => one.p50.median - direct.p50.median;
    const what = `${mode}, 1 client: added to direct at the median`;
    return [target(what, atMost(0.3, ' ms'), added(gateway), fast && added(fast))];
  }
  return yardsticks.flatMap(([peer, name, least]) => {
    const yardstick = of(peer);
    if (yardstick === undefined) return [];
    const ratio = (one: Throughput): number => one.tps.median / yardstick.tps.median;
    const what = `${mode}, ${clients} clients: throughput to ${name}`;
    return [target(what, atLeast(least), ratio(gateway), fast && ratio(fast))];
  });
}

const yardsticks = [
  ['tunnel', 'the bare tunnel', 1],
  ['pgbouncer', 'PgBouncer', 0.5],
] as const;

function connectTargets({ connect = [] }: Results): Target[] {
  const of = (name: string) => connect.find(({ peer }) => peer === name);
  const gateway = of('gateway');
  const what = 'connection set-up, median';
  return gateway ? [target(what, atMost(25, ' ms'), gateway.p50, of('gateway-fast-disk')?.p50)] : [];
}

function resultTargets({ result = [] }: Results): Target[] {
  const speed = (peer: string, shape: string): number | undefined =>
    result.find((one) => one.peer === peer && one.way === 'copy' && one.shape === shape)?.speed.median;
  const [gateway, direct, masked] = [speed('gateway', 'clean'), speed('direct', 'clean'), speed('gateway', 'masked')];
  return [
    ...(gateway && direct ? [target('unmasked COPY to direct', atLeast(0.8), gateway / direct)] : []),
    ...(masked ? [target('masked COPY', atLeast(100, ' MB/s'), masked)] : []),
  ];
}

const memoryTargets = ({ memory = [] }: Results): Target[] =>
  memory.flatMap(({ process, atRest, results }) => [
    ...(process === 'agent' ? [target('agent at rest', atMost(90, ' MB'), atRest)] : []),
    ...results
      .filter(({ quarters }) => quarters.length === 4)
      .map(({ way, megabytes, quarters }) => {
        const what = `${process}, ${digits(megabytes)} MB by ${way.toUpperCase()}: peak of the last quarter to that of the second`;
        return target(what, atMost(flatWithin), quarters[3]! / quarters[1]!);
      }),
  ]);

/** What runs of one and the same thing differ by on a machine with other work. */
const noise = 1.1;

function stuckTargets({ stuck = [] }: Results): Target[] {
  const [without, beside] = [0, stuckReaders].map((count) =>
    stuck.find((one) => one.peer === 'gateway' && one.stuck === count),
  );
  if (without === undefined || beside === undefined) return [];
  const what = `median beside ${stuckReaders} stuck readers to without them`;
  return [target(what, atMost(noise), beside.p50.median / without.p50.median)];
}

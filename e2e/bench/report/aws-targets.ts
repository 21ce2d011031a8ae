import { type AwsFigures, largeFrom } from '../aws/measure.js';
import type { Results } from '../run.js';
import { sizeName } from './aws-tables.js';
import { atLeast, atMost, flatWithin, type Target, target } from './target.js';

export const awsTargets = ({ aws }: Results): Target[] =>
  aws === undefined
    ? []
    : [...latencyTargets(aws), ...speedTargets(aws), ...memoryTargets(aws), ...catalogueTargets(aws)];

function latencyTargets({ calls, titles }: AwsFigures): Target[] {
  const small = calls.filter(({ clients, size, way }) => clients === 1 && size <= 1000 && way !== 'direct');
  return small.flatMap((one) => {
    const direct = calls.find(
      ({ way, call, size, clients }) => way === 'direct' && call === one.call && size === one.size && clients === 1,
    );
    if (direct === undefined) return [];
    const object = one.size === 0 ? '' : ` of ${sizeName(one.size)}`;
    const what = `AWS, ${one.call}${object}, 1 client, ${titles[one.way]!}: added to direct at the median`;
    return [target(what, atMost(1, ' ms'), one.p50.median - direct.p50.median)];
  });
}

const least: Readonly<Record<string, number>> = { unmasked: 300, scanned: 100 };

const speedTargets = ({ calls, titles }: AwsFigures): Target[] =>
  calls
    .filter(({ clients, size, way }) => clients === 1 && size >= largeFrom && least[way] !== undefined)
    .map(({ call, size, way, perSecond }) =>
      target(
        `AWS, ${call} of ${sizeName(size)}, ${titles[way]!}`,
        atLeast(least[way]!, ' MB/s'),
        (perSecond.median * size) / 1e6,
      ),
    );

const memoryTargets = ({ memory, titles }: AwsFigures): Target[] =>
  memory
    .filter(({ clients, quarters }) => clients === 1 && quarters.length === 4)
    .map(({ process, call, way, quarters }) =>
      target(
        `${process}, AWS, ${call}, ${titles[way]!}: peak of the last quarter to that of the second`,
        atMost(flatWithin),
        quarters[3]! / quarters[1]!,
      ),
    );

const catalogueTargets = ({ catalogue }: AwsFigures): Target[] => [
  target('AWS, catalogue: time to load', atMost(100, ' ms'), catalogue.milliseconds),
  target(
    'AWS, catalogue: memory, on the heap and beside it',
    atMost(10, ' MB'),
    catalogue.heapMegabytes + catalogue.outsideMegabytes,
  ),
];

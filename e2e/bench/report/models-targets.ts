import { heldMs } from '../models/measure.js';
import type { Results } from '../run.js';
import { atLeast, atMost, type Target, target } from './target.js';

/** Late by as much as direct is late, too, is the machine's doing. */
export function modelTargets({ models }: Results): Target[] {
  if (models === undefined) return [];
  const { single, paced, many, titles } = models;
  const [direct, directPace] = [single, paced].map((all) => all.find(({ way }) => way === 'direct')) as [
    (typeof single)[number],
    (typeof paced)[number],
  ];
  const through = <T extends { readonly way: string }>(all: readonly T[]): T[] =>
    all.filter(({ way }) => way !== 'direct');
  return [
    ...through(single).map(({ way, p50 }) =>
      target(
        `models, first token, 1 client, ${titles[way]!}: added to direct at the median`,
        atMost(5, ' ms'),
        p50.median - direct.p50.median,
      ),
    ),
    ...through(paced).map(({ way, held, deltas }) =>
      target(
        `models, ${deltas} deltas, ${titles[way]!}: held for more than ${heldMs} ms, beyond those of direct`,
        atMost(0),
        Math.max(0, held - Math.ceil((directPace.held * deltas) / directPace.deltas)),
      ),
    ),
    ...through(many).map(({ way, streams, whole }) =>
      target(`models, ${titles[way]!}: of ${streams} streams at once, came whole`, atLeast(streams), whole),
    ),
  ];
}

import type { Say } from '../parts/rounds.js';
import type { ModelWay } from './bed.js';
import { crowd, oneByOne } from './load.js';

/** Of each way alone: V8 compiles a function when it has been called some thousand times. */
const seconds = 10;
const warm = new WeakSet<ModelWay>();

/** Client, gateway and scripted model as they are once they have worked for a while, not as they begin; each way once. */
export async function warmUp(ways: readonly ModelWay[], say: Say): Promise<void> {
  const cold = ways.filter((way) => !warm.has(way));
  if (cold.length > 0) say('warming up');
  for (const way of cold) {
    await oneByOne(way, { words: 20, seconds });
    await crowd(way, { words: 20, streams: 20, spreadMs: 500 });
    warm.add(way);
  }
}

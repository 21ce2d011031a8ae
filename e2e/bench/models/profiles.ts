import type { Options } from '../options.js';
import { type Profiled, profiled } from '../parts/profiled.js';
import type { Say } from '../parts/rounds.js';
import type { Bed } from '../peers/bed.js';
import { type ModelWay, modelWays } from './bed.js';
import { crowd, oneByOne } from './load.js';
import { inCrowd } from './measure.js';
import { warmUp } from './warm-up.js';

type Work = (way: ModelWay, options: Options) => Promise<unknown>;

const works: Readonly<Record<string, Work>> = {
  'first token, 1 client': (way, { seconds }) => oneByOne(way, { words: 20, seconds: 2 * seconds }),
  [`${inCrowd.streams} streams`]: (way) => crowd(way, inCrowd),
};

export async function measureModelProfiles(bed: Bed, options: Options, say: Say): Promise<Profiled[]> {
  const way = (await modelWays(bed)).find(({ name }) => name === 'gateway')!;
  await warmUp([way], say);
  const watched = way.processes.filter(({ name }) => name !== 'store');
  const results: Profiled[] = [];
  for (const [work, run] of Object.entries(works)) {
    say(`profile: ${work}`);
    results.push(
      ...(await profiled({ work: `Models, ${work}`, watched, folder: bed.profiles }, () => run(way, options))),
    );
  }
  return results;
}

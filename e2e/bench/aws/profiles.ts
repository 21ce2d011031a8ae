import type { Options } from '../options.js';
import { type Profiled, profiled } from '../parts/profiled.js';
import type { Say } from '../parts/rounds.js';
import type { Bed } from '../peers/bed.js';
import { awsWays } from './bed.js';
import { type Load, load } from './load.js';

const large = (megabytes: number): number => megabytes * 1_000_000;

const works = ({ seconds, resultMegabytes }: Options): Record<string, { readonly way: string; readonly of: Load }> => ({
  'GetItem, 8 clients': {
    way: 'scanned',
    of: { call: { name: 'GetItem', size: 0 }, clients: 8, most: 1_000_000, seconds: 2 * seconds },
  },
  'PutItem, 8 clients': {
    way: 'scanned',
    of: { call: { name: 'PutItem', size: 0 }, clients: 8, most: 1_000_000, seconds: 2 * seconds },
  },
  'GetObject of 1 MB': {
    way: 'scanned',
    of: { call: { name: 'GetObject', size: large(1) }, clients: 1, most: 1_000_000, seconds: 2 * seconds },
  },
  'PutObject of 1 MB': {
    way: 'scanned',
    of: { call: { name: 'PutObject', size: large(1) }, clients: 1, most: 1_000_000, seconds: 2 * seconds },
  },
  'GetObject, no detectors': {
    way: 'unmasked',
    of: { call: { name: 'GetObject', size: large(5 * resultMegabytes) }, clients: 1, most: 1, seconds: 100 },
  },
  'GetObject, detectors on': {
    way: 'scanned',
    of: { call: { name: 'GetObject', size: large(3 * resultMegabytes) }, clients: 1, most: 1, seconds: 100 },
  },
  PutObject: {
    way: 'scanned',
    of: { call: { name: 'PutObject', size: large(5 * resultMegabytes) }, clients: 1, most: 1, seconds: 100 },
  },
});

export async function measureAwsProfiles(bed: Bed, options: Options, say: Say): Promise<Profiled[]> {
  const ways = await awsWays(bed);
  const results: Profiled[] = [];
  for (const [work, { way: name, of }] of Object.entries(works(options))) {
    const way = ways.find((one) => one.name === name)!;
    const watched = way.processes.filter((one) => one.name !== 'store');
    say(`profile: ${work}`);
    results.push(...(await profiled({ work: `AWS, ${work}`, watched, folder: bed.profiles }, () => load(way, of))));
  }
  return results;
}

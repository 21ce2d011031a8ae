import { type AwsFigures, measureAws } from './aws/measure.js';
import { measureAwsProfiles } from './aws/profiles.js';
import type { Machine } from './machine.js';
import { type ModelFigures, measureModels } from './models/measure.js';
import { measureModelProfiles } from './models/profiles.js';
import type { Options, Part } from './options.js';
import { type Connecting, measureConnecting } from './parts/connect.js';
import { type Memory, measureMemory } from './parts/memory.js';
import { measureProfiles, type Profiled } from './parts/profiled.js';
import { type BigResult, measureResults } from './parts/result.js';
import type { Say } from './parts/rounds.js';
import { measureStuck, type Stuck } from './parts/stuck.js';
import { measureThroughput, type Throughput } from './parts/throughput.js';
import type { Bed } from './peers/bed.js';

export interface Results {
  memory?: Memory[];
  throughput?: Throughput[];
  connect?: Connecting[];
  result?: BigResult[];
  stuck?: Stuck[];
  profile?: Profiled[];
  aws?: AwsFigures;
  awsProfile?: Profiled[];
  models?: ModelFigures;
  modelsProfile?: Profiled[];
}

/** A run, as it is kept in its folder. */
export interface Run {
  readonly machine: Machine;
  readonly options: Options;
  /** Names of the peers as tables show them. */
  readonly titles: Readonly<Record<string, string>>;
  readonly missing: readonly string[];
  readonly results: Results;
}

/** Memory comes first: at rest means that nobody has worked yet. AWS and models come last, as the agent begins anew for each. */
const measures: readonly [Part, (results: Results, bed: Bed, options: Options, say: Say) => Promise<void>][] = [
  ['memory', async (results, ...rest) => void (results.memory = await measureMemory(...rest))],
  ['throughput', async (results, ...rest) => void (results.throughput = await measureThroughput(...rest))],
  ['connect', async (results, ...rest) => void (results.connect = await measureConnecting(...rest))],
  ['result', async (results, ...rest) => void (results.result = await measureResults(...rest))],
  ['stuck', async (results, ...rest) => void (results.stuck = await measureStuck(...rest))],
  ['profile', async (results, ...rest) => void (results.profile = await measureProfiles(...rest))],
  ['aws', async (results, ...rest) => void (results.aws = await measureAws(...rest))],
  ['aws-profile', async (results, ...rest) => void (results.awsProfile = await measureAwsProfiles(...rest))],
  ['models', async (results, ...rest) => void (results.models = await measureModels(...rest))],
  ['models-profile', async (results, ...rest) => void (results.modelsProfile = await measureModelProfiles(...rest))],
];

/** @param results filled part by part, so that what was measured is kept when a later part fails */
export async function measureAll(results: Results, bed: Bed, options: Options, say: Say): Promise<void> {
  for (const [part, measure] of measures) {
    if (!options.parts.includes(part)) continue;
    say(`--- ${part}`);
    await measure(results, bed, options, say);
  }
}

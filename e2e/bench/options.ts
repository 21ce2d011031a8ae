import { parseArgs } from 'node:util';

export const partNames = [
  'throughput',
  'connect',
  'result',
  'memory',
  'stuck',
  'profile',
  'aws',
  'aws-profile',
  'models',
  'models-profile',
] as const;
export type Part = (typeof partNames)[number];

export const modeNames = ['simple', 'extended', 'prepared'] as const;
export type Mode = (typeof modeNames)[number];

export const peerNames = [
  'direct',
  'direct-plain',
  'pgbouncer',
  'haproxy',
  'tunnel',
  'gateway',
  'gateway-fast-disk',
  'gateway-recorded',
] as const;

export interface Options {
  readonly parts: readonly Part[];
  readonly modes: readonly Mode[];
  readonly clients: readonly number[];
  readonly rounds: number;
  /** Of one round of one peer. */
  readonly seconds: number;
  /** Undefined: all that are installed. */
  readonly peers: readonly string[] | undefined;
  /** Connections made through each peer. */
  readonly connections: number;
  readonly resultMegabytes: number;
  /** The one during which memory is watched. */
  readonly watchedMegabytes: number;
  readonly idleSessions: number;
  /** Write docs/performance.md and its plot, not only the run's folder. */
  readonly document: boolean;
  /** After this everything is stopped, whatever it does. */
  readonly deadlineMinutes: number;
  /** As it was typed, for the document. */
  readonly command: string;
}

/** Parts that need nothing of PostgreSQL but the store. */
export const needsNoTarget = (part: Part): boolean => /^(?:aws|models)/.test(part);

type Depth = Pick<
  Options,
  | 'modes'
  | 'rounds'
  | 'seconds'
  | 'connections'
  | 'resultMegabytes'
  | 'watchedMegabytes'
  | 'idleSessions'
  | 'deadlineMinutes'
>;

const depths: Readonly<Record<'quick' | 'usual' | 'full', Depth>> = {
  quick: {
    modes: ['prepared'],
    rounds: 1,
    seconds: 2,
    connections: 15,
    resultMegabytes: 30,
    watchedMegabytes: 100,
    idleSessions: 100,
    deadlineMinutes: 10,
  },
  usual: {
    modes: modeNames,
    rounds: 3,
    seconds: 3,
    connections: 60,
    resultMegabytes: 100,
    watchedMegabytes: 1000,
    idleSessions: 500,
    deadlineMinutes: 45,
  },
  full: {
    modes: modeNames,
    rounds: 5,
    seconds: 8,
    connections: 200,
    resultMegabytes: 300,
    watchedMegabytes: 1000,
    idleSessions: 500,
    deadlineMinutes: 150,
  },
};

export const usage = `npm run bench -- [options]
  --quick               about three minutes: prepared statements only, one short round
  --full                an hour or more: five long rounds
  --only a,b            of ${partNames.join(', ')}
  --peers a,b           of ${peerNames.join(', ')}
  --modes a,b           of ${modeNames.join(', ')}
  --clients 1,8,64      how many at once
  --rounds n, --seconds n, --megabytes n, --sessions n
  --only aws,aws-profile   the way to AWS by itself
  --only models,models-profile   the way to a model by itself
  --document            write docs/performance.md too; a whole run does so by itself
`;

/** @throws TypeError or RangeError with what is wrong with the arguments */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean' },
      full: { type: 'boolean' },
      only: { type: 'string' },
      peers: { type: 'string' },
      modes: { type: 'string' },
      clients: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      megabytes: { type: 'string' },
      sessions: { type: 'string' },
      document: { type: 'boolean' },
    },
  });
  const depth = depths[values.full ? 'full' : values.quick ? 'quick' : 'usual'];
  const chosen = [values.only, values.peers, values.modes, values.clients].some((value) => value !== undefined);
  return {
    ...depth,
    parts: subset(values.only, partNames) ?? partNames,
    modes: subset(values.modes, modeNames) ?? depth.modes,
    clients: list(values.clients)?.map(positive) ?? [1, 8, 64],
    rounds: number(values.rounds) ?? depth.rounds,
    seconds: number(values.seconds) ?? depth.seconds,
    resultMegabytes: number(values.megabytes) ?? depth.resultMegabytes,
    idleSessions: number(values.sessions) ?? depth.idleSessions,
    peers: subset(values.peers, peerNames),
    document: values.document ?? !(chosen || values.quick),
    command: ['npm run bench', ...(args.length > 0 ? ['--', ...args] : [])].join(' '),
  };
}

const list = (text: string | undefined): string[] | undefined => text?.split(',').filter(Boolean);

function subset<T extends string>(text: string | undefined, all: readonly T[]): T[] | undefined {
  const asked = list(text);
  const wrong = asked?.find((name) => !(all as readonly string[]).includes(name));
  if (wrong !== undefined) throw new RangeError(`"${wrong}" is none of ${all.join(', ')}`);
  return asked as T[] | undefined;
}

const number = (text: string | undefined): number | undefined => (text === undefined ? undefined : positive(text));

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new RangeError(`"${text}" is no whole number above 0`);
  return value;
}

import { parseArgs } from 'node:util';

export const partNames = ['throughput', 'connect', 'result', 'memory', 'stuck'] as const;
export type Part = (typeof partNames)[number];

export const modeNames = ['simple', 'extended', 'prepared'] as const;
export type Mode = (typeof modeNames)[number];

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
  readonly idleSessions: number;
  readonly profile: boolean;
  /** Write docs/performance.md and its plot, not only the run's folder. */
  readonly document: boolean;
  /** After this everything is stopped, whatever it does. */
  readonly deadlineMinutes: number;
  /** As it was typed, for the document. */
  readonly command: string;
}

type Depth = Pick<
  Options,
  'modes' | 'rounds' | 'seconds' | 'connections' | 'resultMegabytes' | 'idleSessions' | 'deadlineMinutes'
>;

const depths: Readonly<Record<'quick' | 'usual' | 'full', Depth>> = {
  quick: {
    modes: ['simple', 'prepared'],
    rounds: 1,
    seconds: 3,
    connections: 15,
    resultMegabytes: 30,
    idleSessions: 100,
    deadlineMinutes: 10,
  },
  usual: {
    modes: modeNames,
    rounds: 3,
    seconds: 4,
    connections: 60,
    resultMegabytes: 100,
    idleSessions: 500,
    deadlineMinutes: 45,
  },
  full: {
    modes: modeNames,
    rounds: 5,
    seconds: 8,
    connections: 200,
    resultMegabytes: 1000,
    idleSessions: 500,
    deadlineMinutes: 150,
  },
};

export const usage = `npm run bench -- [options]
  --quick               about two minutes, simple and prepared, one round
  --full                an hour, five long rounds, a result of 1 GB
  --only a,b            of ${partNames.join(', ')}
  --peers a,b           of direct, direct-plain, pgbouncer, haproxy, tunnel, gateway, gateway-recorded
  --modes a,b           of ${modeNames.join(', ')}
  --clients 1,8,64      how many at once
  --rounds n, --seconds n, --megabytes n, --sessions n
  --profile             profiles of control plane and agent, and their dearest functions
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
      profile: { type: 'boolean' },
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
    peers: list(values.peers),
    profile: values.profile ?? false,
    document: values.document ?? !(chosen || values.quick || values.profile),
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

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  /** Microseconds of the monotonic clock. */
  readonly startTime: number;
  readonly endTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export interface Cost {
  readonly what: string;
  readonly milliseconds: number;
  /** Of the time in which the process was not idle. */
  readonly part: number;
}

/**
 * Functions by the time spent in themselves.
 * @param skipMs what was sampled in this time from the start does not count: starting up
 */
export function dearest(profile: CpuProfile, skipMs: number, most = 30): Cost[] {
  const names = new Map(profile.nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const spent = new Map<string, number>();
  let at = 0;
  for (const [index, id] of profile.samples.entries()) {
    const delta = profile.timeDeltas[index]!;
    at += delta;
    if (at < skipMs * 1000) continue;
    const name = names.get(id)!;
    spent.set(name, (spent.get(name) ?? 0) + delta);
  }
  spent.delete('(idle)');
  const total = [...spent.values()].reduce((sum, value) => sum + value, 0);
  return [...spent]
    .sort(([, a], [, b]) => b - a)
    .slice(0, most)
    .map(([what, time]) => ({ what, milliseconds: time / 1000, part: time / total }));
}

const nameOf = ({ functionName, url, lineNumber }: CpuProfile['nodes'][number]['callFrame']): string => {
  if (url === '') return functionName || '(anonymous)';
  const file = url
    .replace(/^file:\/\//, '')
    .replace(/^.*\/(node_modules|apps|libs)\//, (_all, root: string) => `${root}/`);
  return `${functionName || '(anonymous)'}  ${file}:${lineNumber + 1}`;
};

/** @returns lines to print, process by process */
export function profileLines(folder: string, skipMs: number, nameOfPid: (pid: number) => string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.cpuprofile'))
    .flatMap((name) => {
      // CPU.<date>.<time>.<pid>.<thread>.<number>.cpuprofile
      const pid = Number(name.split('.')[3]);
      const profile = JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as CpuProfile;
      const lines = dearest(profile, skipMs).map(
        ({ what, milliseconds, part }) =>
          `${(part * 100).toFixed(1).padStart(6)} % ${milliseconds.toFixed(0).padStart(8)} ms  ${what}`,
      );
      return ['', `${nameOfPid(pid)} (${name})`, ...lines];
    });
}

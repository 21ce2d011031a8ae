import type { Installation } from '../../testing/installation.js';

/** What the recorder has done so far, from the control plane's own metrics. */
export interface Commits {
  readonly commits: number;
  /** Entries: of an operation there are two, its admission and its outcome. */
  readonly entries: number;
  readonly seconds: number;
}

const sampleOf = (metrics: string, name: string): number =>
  Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(metrics)?.[1] ?? 0);

export const commitsIn = (metrics: string): Commits => ({
  commits: sampleOf(metrics, 'sallyport_recorder_commit_items_count'),
  entries: sampleOf(metrics, 'sallyport_recorder_commit_items_sum'),
  seconds: sampleOf(metrics, 'sallyport_recorder_commit_seconds_sum'),
});

export const commitsOf = async ({ url }: Installation): Promise<Commits> =>
  commitsIn(await (await fetch(`${url}/metrics`)).text());

export const between = (before: Commits, after: Commits): Commits => ({
  commits: after.commits - before.commits,
  entries: after.entries - before.entries,
  seconds: after.seconds - before.seconds,
});

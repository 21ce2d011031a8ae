import { execFileSync } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';
import { repository } from '../testing/installation.js';
import { diskSyncMilliseconds } from './disk.js';
import type { Bed } from './peers/bed.js';
import { versionOf } from './peers/programs.js';

/** Where and with what a run was made. */
export interface Machine {
  readonly date: string;
  readonly commit: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGigabytes: number;
  /** Cores that other programs kept busy just before. */
  readonly busyCores: number;
  /** How long the disk takes to promise a page; the store is on it. */
  readonly diskSyncMilliseconds: number;
  readonly versions: Readonly<Record<string, string>>;
}

export async function machineOf({ installation, folder }: Bed, busyCores: number): Promise<Machine> {
  const [row] = await installation.target.query<{ server_version: string }>('show server_version');
  return {
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
    commit: commit(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGigabytes: Math.round(totalmem() / 1e9),
    busyCores,
    diskSyncMilliseconds: diskSyncMilliseconds(folder),
    versions: {
      Linux: release(),
      Node: process.versions.node,
      'PostgreSQL (target and store)': row!.server_version,
      pgbench: versionOf('pgbench'),
      PgBouncer: versionOf('pgbouncer'),
      HAProxy: versionOf('haproxy', ['-v']),
    },
  };
}

function commit(): string {
  try {
    const git = (...args: string[]): string => execFileSync('git', args, { cwd: repository, encoding: 'utf8' }).trim();
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '-uno') === '' ? '' : ', changed');
  } catch {
    return 'unknown';
  }
}

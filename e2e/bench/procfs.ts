/** What Linux says about processes: CPU time and resident memory. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** USER_HZ, which is 100 on every platform that Node runs on. */
const ticksPerSecond = 100;

interface Stat {
  readonly pid: number;
  readonly parent: number;
  readonly own: number;
  /** Of children that have ended and been waited for. */
  readonly ended: number;
}

function statOf(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold anything; field 3 comes after the last one.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const at = (field: number): number => Number(fields[field - 3]);
    return { pid, parent: at(4), own: at(14) + at(15), ended: at(16) + at(17) };
  } catch {
    return undefined; // gone meanwhile
  }
}

const all = (): Stat[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => statOf(Number(name)) ?? []);

/** Seconds of CPU that this process, its children and those of them that have ended have used so far. */
export function cpuSeconds(pid: number): number {
  const root = statOf(pid);
  if (root === undefined) return 0;
  const children = all().filter(({ parent }) => parent === pid);
  return (root.own + root.ended + children.reduce((sum, { own, ended }) => sum + own + ended, 0)) / ticksPerSecond;
}

/** How many cores are busy, whoever keeps them so. */
export async function busyCores(milliseconds: number): Promise<number> {
  const before = busyTicks();
  await sleep(milliseconds);
  return (busyTicks() - before) / ticksPerSecond / (milliseconds / 1000);
}

/** Of all cores together since the start of the machine; guests are part of user, waiting for a disk is not work. */
function busyTicks(): number {
  const [user, nice, system, , , interrupts, soft] = /^cpu +(.*)$/m
    .exec(readFileSync('/proc/stat', 'utf8'))![1]!
    .split(' ')
    .map(Number);
  return user! + nice! + system! + interrupts! + soft!;
}

export const parentOf = (pid: number): number => statOf(pid)!.parent;

/** Resident memory in MB (10^6 bytes). */
export function residentMegabytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return (Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024) / 1e6;
}

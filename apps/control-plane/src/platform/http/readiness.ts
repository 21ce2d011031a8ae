import { Injectable } from '@nestjs/common';
import { Drain } from './drain.js';

/** Resolves to undefined when well, else to what is wrong, for administrators to read. */
export type ReadinessCheck = () => Promise<string | undefined>;

const deadlineMs = 3000;

/** Whether this replica should get new work. */
@Injectable()
export class Readiness {
  private readonly checks = new Map<string, ReadinessCheck>();

  constructor(private readonly drain: Drain) {}

  register(name: string, check: ReadinessCheck): void {
    this.checks.set(name, check);
  }

  /** @returns problems by check; empty when ready */
  async problems(): Promise<Readonly<Record<string, string>>> {
    const found = await Promise.all(
      [...this.checks].map(async ([name, check]) => [name, await within(check)] as const),
    );
    const problems = Object.fromEntries(
      found.flatMap(([name, problem]) => (problem === undefined ? [] : [[name, problem]])),
    );
    return this.drain.draining ? { ...problems, drain: 'going down' } : problems;
  }
}

async function within(check: ReadinessCheck): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => (timer = setTimeout(() => resolve('no answer'), deadlineMs)));
  try {
    return await Promise.race([check().catch(() => 'failed'), late]);
  } finally {
    clearTimeout(timer);
  }
}

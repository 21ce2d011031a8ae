import type { LinkedDatabase } from '../agents/self-checks.js';
import type { Connection } from './connection.js';

/** `protected` while every linked agent's login can do what the administrator has accepted, and nothing else. */
export type ProtectionState = 'protected' | 'unprotected' | 'unchecked';

export interface Finding {
  readonly agent: string;
  readonly database: string;
  /** As it is accepted: `can write: app.orders (INSERT)`. */
  readonly problem: string;
}

export interface Unasked {
  readonly agent?: string;
  readonly database: string;
  readonly reason: string;
}

export interface Protection {
  readonly state: ProtectionState;
  readonly findings: readonly Finding[];
  /** Found beside them and not listed, so that nobody can have accepted them. */
  readonly more: number;
  readonly unasked: readonly Unasked[];
}

type Subject = Pick<Connection, 'target' | 'protocol' | 'databases' | 'acceptedProblems'>;

/** Agents ask every ten minutes, and every half when they could not. */
const believedMs = 25 * 60_000;

/** @param linked what all agents that are linked now offer and have said */
export function protectionOf(connection: Subject, linked: readonly LinkedDatabase[], now: Date): Protection {
  const { target, protocol, databases, acceptedProblems } = connection;
  const here = linked.filter((one) => one.target === target && one.protocol === protocol);
  const mine = here.filter(({ database }) => databases.includes(database));
  const unoffered = databases.filter((database) => mine.every((one) => one.database !== database));
  const findings = mine.flatMap((one) => findingsOf(one, acceptedProblems));
  const more = mine.reduce((sum, one) => sum + (one.more ?? 0), 0);
  const unasked = [
    ...unoffered.map((database) => ({ database, reason: 'no agent that offers it is linked' })),
    ...mine.flatMap((one) => unaskedOf(one, now)),
  ];
  const state = findings.length + more > 0 ? 'unprotected' : unasked.length > 0 ? 'unchecked' : 'protected';
  return { state, findings, more, unasked };
}

const findingsOf = ({ agent, database, problems }: LinkedDatabase, accepted: readonly string[]): Finding[] =>
  (problems ?? [])
    .map(({ problem, what }) => ({ agent, database, problem: `${problem}: ${what}` }))
    .filter(({ problem }) => !accepted.some((pattern) => accepts(pattern, problem)));

function unaskedOf({ agent, database, received_at, failure }: LinkedDatabase, now: Date): Unasked[] {
  const because = (reason: string): Unasked[] => [{ agent, database, reason }];
  if (failure !== null) return because(failure.message);
  if (received_at === null) return because('it has not said yet what its login may do');
  return now.getTime() - received_at.getTime() > believedMs ? because('it has not asked for a while') : [];
}

/** `*` stands for any text. In linear time: both come from elsewhere. */
export function accepts(pattern: string, problem: string): boolean {
  const [first, ...rest] = pattern.split('*');
  if (rest.length === 0) return problem === pattern;
  const last = rest.pop()!;
  if (!problem.startsWith(first!) || problem.length < first!.length + last.length || !problem.endsWith(last))
    return false;
  const end = problem.length - last.length;
  let from = first!.length;
  for (const part of rest) {
    const at = problem.indexOf(part, from);
    if (at < 0 || at + part.length > end) return false;
    from = at + part.length;
  }
  return true;
}

import { GatewayError, refusalOf } from '@sallyport/core';
import type { Problem, SelfCheck } from '@sallyport/engine';
import { errorOf, type RefusalMessage, type SelfCheckReport } from './messages.js';

const mostProblems = 300;
const mostCharacters = 600;

const fits = ({ problem, what }: Problem): boolean => problem.length + what.length <= mostCharacters;

/** What does not fit is only counted: a name that was cut could be taken for another. */
export function reportOf(target: string, database: string, check: SelfCheck): SelfCheckReport {
  const problems = check.problems.filter(fits).slice(0, mostProblems);
  return {
    target,
    database,
    timeMs: check.at.getTime(),
    problems: problems.map(({ problem, what }) => ({ problem, what })),
    more: check.more + check.problems.length - problems.length,
    failure: check.failure === undefined ? null : { hint: '', ...check.failure },
  };
}

const shortened = ({ code, message, hint }: RefusalMessage): RefusalMessage => ({
  code,
  message: message.slice(0, mostCharacters),
  hint: hint.slice(0, mostCharacters),
});

/** @throws PROTOCOL_VIOLATION when it exceeds what an agent may say */
export function selfCheckOf({ timeMs, problems, more, failure }: SelfCheckReport): SelfCheck {
  if (problems.length > mostProblems || !problems.every(fits))
    throw new GatewayError('PROTOCOL_VIOLATION', 'tunnel: a self-check is too large');
  return {
    at: new Date(timeMs),
    problems: problems.map(({ problem, what }) => ({ problem, what })),
    more,
    ...(failure === null ? {} : { failure: refusalOf(errorOf(shortened(failure))) }),
  };
}

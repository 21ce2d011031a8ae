import { GatewayError, refusalOf } from '@sallyport/core';
import { Command, CommanderError } from 'commander';
import { inWorld, statusOf, type World } from './cli.js';
import { addAgents } from './commands/agents.js';
import { addAiSessions } from './commands/ai-sessions.js';
import { addAws } from './commands/aws.js';
import { addAwsCredentials } from './commands/aws-credentials.js';
import { addBudgets } from './commands/budgets.js';
import { addCompletions } from './commands/completions.js';
import { addConnect } from './commands/connect.js';
import { addConnections } from './commands/connections.js';
import { addDoctor } from './commands/doctor.js';
import { addEvidence } from './commands/evidence.js';
import { addExec } from './commands/exec.js';
import { addHook } from './commands/hook.js';
import { addLogin } from './commands/login.js';
import { addMaskingRules } from './commands/masking-rules.js';
import { addModelAccess } from './commands/model-access.js';
import { addModelPrices } from './commands/model-prices.js';
import { addPeople } from './commands/people.js';
import { addPolicies } from './commands/policies.js';
import { addProxy } from './commands/proxy.js';
import { addPsql } from './commands/psql.js';
import { addReviews } from './commands/reviews.js';
import { addServiceAccounts } from './commands/service-accounts.js';
import { addSessions } from './commands/sessions.js';
import { addSetup } from './commands/setup.js';
import { addTickets } from './commands/tickets.js';
import { addTrace } from './commands/trace.js';
import { exitCodes } from './exit-codes.js';
import { plain, plainLine, safeJson } from './plain-text.js';

const verbs = [
  addLogin,
  addConnections,
  addConnect,
  addPsql,
  addAws,
  addAwsCredentials,
  addExec,
  addHook,
  addModelAccess,
  addProxy,
  addPolicies,
  addMaskingRules,
  addBudgets,
  addModelPrices,
  addReviews,
  addSessions,
  addAiSessions,
  addEvidence,
  addAgents,
  addServiceAccounts,
  addPeople,
  addTickets,
  addSetup,
  addTrace,
  addDoctor,
  addCompletions,
];

export const programOf = (world: World): Command => {
  const program = new Command('sallyport')
    .description('The gate between AI coding agents and production: connect, review, replay, prove')
    .version('0.1.0')
    .option('--json', 'answer in JSON')
    .option('--url <url>', 'the control plane (SALLYPORT_URL)')
    .enablePositionalOptions()
    .showHelpAfterError('(sallyport --help lists the commands)')
    .addHelpText(
      'after',
      '\nEnvironment: SALLYPORT_URL, SALLYPORT_TOKEN.\nExit status: 0 done, 1 failed or not proven, 2 wrong use, 3 log in, 4 not allowed, 5 not there, 6 conflict, 7 try later, 8 the gate failed closed.',
    );
  for (const add of verbs) add(program);
  for (const each of everyCommand(program))
    each.exitOverride().configureOutput({ writeOut: world.out, writeErr: world.err });
  return inWorld(program, world);
};

const everyCommand = (of: Command): Command[] => [of, ...of.commands.flatMap(everyCommand)];

/** @param args without the program's name; @returns the exit status, never throws */
export const run = async (args: readonly string[], world: World): Promise<number> => {
  const program = programOf(world);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return statusOf(program);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : wrongUse(args);
    return report(error, args.includes('--json'), world);
  }
};

// As a hook, 2 would refuse what the AI client asks about: an older sallyport that lacks an option must not.
const wrongUse = ([verb]: readonly string[]): number => (verb === 'hook' ? 1 : 2);

const report = (error: unknown, json: boolean, world: World): number => {
  const { code, message, hint } = told(error);
  const details = error instanceof GatewayError ? error.details : {};
  if (json)
    world.err(
      `${safeJson({ error: { code, message, ...(hint ? { hint } : {}), ...(Object.keys(details).length ? { details } : {}) } })}\n`,
    );
  else
    world.err(
      `sallyport: ${plainLine(message)}\n${problemsOf(details)}${hint ? `  hint: ${plainLine(hint)}\n` : ''}${correlationOf(details)}`,
    );
  return exitCodes[code];
};

// What failed here and is no GatewayError is this program's own mistake, and its text is all there is to go by.
const told = (error: unknown) =>
  error instanceof GatewayError
    ? refusalOf(error)
    : { code: 'INTERNAL' as const, message: error instanceof Error ? error.message : String(error), hint: undefined };

const problemsOf = (details: Readonly<Record<string, unknown>>): string => {
  const { problems } = details;
  if (!Array.isArray(problems)) return '';
  return problems.map((problem: unknown) => `  - ${plain(problemText(problem))}\n`).join('');
};

interface Problem {
  readonly policy?: string;
  readonly line?: number;
  readonly message?: string;
  readonly hint?: string;
}

const problemText = (problem: unknown): string => {
  if (typeof problem !== 'object' || problem === null) return String(problem);
  const { policy, line, message, hint } = problem as Problem;
  const where = [policy && `policy ${policy}`, line && `line ${line}`].filter(Boolean).join(', ');
  return `${where ? `${where}: ` : ''}${message ?? JSON.stringify(problem)}${hint ? ` (${hint})` : ''}`;
};

const correlationOf = ({ correlation_id: id }: Readonly<Record<string, unknown>>): string =>
  typeof id === 'string' ? `  reference: ${plainLine(id)}\n` : '';

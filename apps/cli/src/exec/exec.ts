import { GatewayError } from '@sallyport/core';
import { apiUrl, HttpApi } from '../api.js';
import type { World } from '../cli.js';
import { applied, type ClientEnvironment } from '../environment.js';
import { plainLine } from '../plain-text.js';
import { CallDirectory } from './call-directory.js';
import { type Call, callOf, inherited, isWithin } from './caller.js';
import { type Ended, runInPlace } from './child.js';
import { callEnvironment } from './environment.js';
import { ticketsFor, within } from './tickets.js';

export interface ExecOptions {
  readonly url?: string;
}

const defaultDeadlineMs = 5_000;

/** SALLYPORT_EXEC_DEADLINE_MS: how long a command may wait for its tickets. */
const deadlineOf = (env: NodeJS.ProcessEnv): number => {
  const given = Number(env['SALLYPORT_EXEC_DEADLINE_MS']);
  return Number.isInteger(given) && given >= 100 && given <= 60_000 ? given : defaultDeadlineMs;
};

/** SALLYPORT_CONNECTIONS: names with commas; every connection that the person may use when absent. */
const wanted = (env: NodeJS.ProcessEnv): readonly string[] | undefined => {
  const names = (env['SALLYPORT_CONNECTIONS'] ?? '').split(',').map((name) => name.trim());
  return names.some(Boolean) ? names.filter(Boolean) : undefined;
};

// A ticket or a witness token, wherever it stands: what the AI client has for itself is not for its commands.
const isSecretOfOurs = (name: string, value: string | undefined): boolean =>
  name === 'SALLYPORT_TOKEN' || /\bsp[tw]_[\w-]{20}/.test(value ?? '');

/** What a command gets of the environment before anything is set for it: no login, nothing of another call. */
const bare = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv => {
  const names = new Set(inherited(env));
  return Object.fromEntries(
    Object.entries(env).filter(([name, value]) => !names.has(name) && !isSecretOfOurs(name, value)),
  );
};

const nothing: ClientEnvironment = { set: {}, unset: [] };

/** Programs that go to what is behind the gateway: where one is named, it matters that there is no credential. */
const clients =
  /\b(psql|pg_\w+|pgbench|aws|awslocal|sam|cdk|terraform|tofu|terragrunt|pulumi|boto3|sqlx|prisma|drizzle-kit|sallyport)\b/;

class Attempt {
  readonly call: Call;
  readonly #world: World;
  #directory: CallDirectory | undefined;
  #asking: Promise<unknown> = Promise.resolve();
  #trouble: string | undefined;

  constructor(call: Call, world: World) {
    this.call = call;
    this.#world = world;
  }

  /** @returns nothing where no ticket could be had; why, is kept */
  async environment(url: string | undefined): Promise<ClientEnvironment> {
    try {
      const deadline = deadlineOf(this.#world.env);
      const api = new HttpApi(apiUrl(url, this.#world.env), this.#world.env, deadline);
      const asking = ticketsFor(api, this.call, wanted(this.#world.env));
      this.#asking = asking.catch(() => undefined);
      const issued = await within(deadline, asking);
      this.#directory = CallDirectory.make(this.#world.env);
      return callEnvironment(this.call, issued, this.#directory, { world: this.#world, url: api.url });
    } catch (error) {
      this.#trouble = error instanceof GatewayError ? error.message : `it failed (${(error as Error).name})`;
      return nothing;
    }
  }

  /** Says once that there are no credentials: before a command that will want some, else after one that has failed. */
  tell(status?: number): void {
    if (this.#trouble === undefined || (status === undefined ? !clients.test(this.call.command) : status === 0)) return;
    this.#world.err(
      `sallyport: this command has no gateway credentials: ${plainLine(this.#trouble)} (sallyport doctor says more)\n`,
    );
    this.#trouble = undefined;
  }

  /** A login that is being renewed is waited for: broken off, it would be lost. */
  async end(): Promise<void> {
    this.#directory?.remove();
    await this.#asking;
  }
}

/**
 * Runs a command of an AI client with credentials of this one tool call, or, where there are none to be had, without.
 * @param args a line for a shell, or a program and its arguments
 */
export const exec = async (args: readonly string[], { url }: ExecOptions, world: World): Promise<Ended> => {
  const fail = (reason: string) => world.err(`sallyport: ${plainLine(reason)}\n`);
  const call = callOf(args, world.env);
  if (!call || isWithin(call, world.env)) return runInPlace(args, world.env, fail);
  const attempt = new Attempt(call, world);
  const environment = await attempt.environment(url);
  attempt.tell();
  try {
    const ended = await runInPlace(args, applied(environment, bare(world.env)), fail);
    attempt.tell(ended.status);
    return ended;
  } finally {
    await attempt.end();
  }
};

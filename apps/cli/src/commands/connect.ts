import { GatewayError } from '@sallyport/core';
import type { Command } from 'commander';
import { turnOf } from '../aws/variables.js';
import { runProgram } from '../child.js';
import { command, type Invocation } from '../cli.js';
import {
  applied,
  assignments,
  type ClientEnvironment,
  type EnvironmentOptions,
  environmentOf,
  statements,
} from '../environment.js';
import { integer } from '../options.js';
import { newTicket, type TurnOptions } from '../ticket.js';

type ConnectOptions = EnvironmentOptions & {
  readonly env?: boolean;
  readonly exec?: boolean;
};

/** `--` may stand before what is for another program. */
export const withoutDashes = (args: readonly string[]): readonly string[] => (args[0] === '--' ? args.slice(1) : args);

/** What says of whom a ticket is asked for; the same for every command that asks for one. */
export const withTurn = (made: Command): Command =>
  made
    .option('--ttl <seconds>', 'how long the ticket may be used to connect (at most 900)', integer)
    .option('--ai-session <id>', 'the AI client’s own session')
    .option('--turn <id>', 'the prompt that this is for')
    .option('--tool-call <id>', 'the tool call that this is for');

/** The options of a call, and where they say nothing what the AI client says that has started it. */
export const claimsOf = <Options extends TurnOptions>({
  options,
  world,
}: Invocation<Options>): Options & TurnOptions => ({
  ...turnOf(world.env),
  ...options,
});

export const withDatabase = (made: Command): Command =>
  made.option('--database <name>', 'the database; the connection’s first one when left out');

const print = (call: Invocation<ConnectOptions>, environment: ClientEnvironment, expiresAt: string): void => {
  const left = environment.unset.filter((name) => call.world.env[name]);
  if (call.options.env && left.length) call.say(`unset these, they would be used instead: ${left.join(', ')}`);
  call.show({ environment: environment.set, unset: environment.unset, expires_at: expiresAt }, () =>
    call.options.env ? assignments(environment) : statements(environment),
  );
};

export const addConnect = (program: Command): void => {
  const connect = command(
    program,
    'connect <connection> [program...]',
    'print or set a client’s environment',
    async (call: Invocation<ConnectOptions>, name, ...args) => {
      const claims = claimsOf(call);
      const ticket = await newTicket(call.api, name, claims);
      const environment = environmentOf(ticket, claims, { world: call.world, url: call.api.url });
      const [file, ...rest] = withoutDashes(args);
      if (file) return runProgram(file, rest, applied(environment, call.world.env), 'check its name and your PATH');
      if (call.options.exec)
        throw new GatewayError('INVALID_INPUT', 'no program was named', {
          hint: `write: sallyport connect ${name} --exec -- psql`,
        });
      return print(call, environment, ticket.expires_at);
    },
  );
  withTurn(withDatabase(connect))
    .option('--region <name>', 'of AWS: the region; the connection’s first one when left out')
    .option('--proxy', 'of AWS: use the gateway as an HTTPS proxy: calls keep AWS’s own host names')
    .option('--env', 'print NAME=value lines instead of export statements')
    .option('--exec', 'run the program that follows -- with this environment')
    .addHelpText(
      'after',
      '\nExamples:\n  eval "$(sallyport connect orders)"\n  sallyport connect orders --exec -- pgbench -n -c 2\n  sallyport connect staging --exec -- terraform plan\n  sallyport connect claude --exec -- python agent.py',
    );
};

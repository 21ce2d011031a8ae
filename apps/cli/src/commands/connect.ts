import { GatewayError } from '@sallyport/core';
import type { Command } from 'commander';
import { runProgram } from '../child.js';
import { command, type Invocation } from '../cli.js';
import { integer } from '../options.js';
import { environmentOf, newTicket, type TurnOptions } from '../ticket.js';

interface ConnectOptions extends TurnOptions {
  readonly database?: string;
  readonly env?: boolean;
  readonly exec?: boolean;
}

/** `--` may stand before what is for another program. */
export const withoutDashes = (args: readonly string[]): readonly string[] => (args[0] === '--' ? args.slice(1) : args);

const quoted = (value: string): string => `'${value.replaceAll("'", `'\\''`)}'`;

/** What says of whom a ticket is asked for; the same for every command that asks for one. */
export const withTurn = (made: Command): Command =>
  made
    .option('--database <name>', 'the database; the connection’s first one when left out')
    .option('--ttl <seconds>', 'how long the ticket may be used to connect (at most 900)', integer)
    .option('--ai-session <id>', 'the AI client’s own session')
    .option('--turn <id>', 'the prompt that this is for')
    .option('--tool-call <id>', 'the tool call that this is for');

export const addConnect = (program: Command): void => {
  const connect = command(
    program,
    'connect <connection> [program...]',
    'print or set a client’s environment',
    async (call: Invocation<ConnectOptions>, name, ...args) => {
      const ticket = await newTicket(call.api, name, call.options);
      const environment = environmentOf(ticket, call.options.database, call.world.env);
      const [file, ...rest] = withoutDashes(args);
      if (file) return runProgram(file, rest, { ...call.world.env, ...environment }, 'check its name and your PATH');
      if (call.options.exec)
        throw new GatewayError('INVALID_INPUT', 'no program was named', {
          hint: `write: sallyport connect ${name} --exec -- psql`,
        });
      const format = call.options.env
        ? ([key, value]: [string, string]) => `${key}=${value}\n`
        : ([key, value]: [string, string]) => `export ${key}=${quoted(value)}\n`;
      call.show({ environment, expires_at: ticket.expires_at }, () => Object.entries(environment).map(format).join(''));
    },
  );
  withTurn(connect)
    .option('--env', 'print NAME=value lines instead of export statements')
    .option('--exec', 'run the program that follows -- with this environment')
    .addHelpText(
      'after',
      '\nExamples:\n  eval "$(sallyport connect orders)"\n  sallyport connect orders --exec -- pgbench -n -c 2',
    );
};

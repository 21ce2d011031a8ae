import type { Command } from 'commander';
import { runProgram } from '../child.js';
import { command, type Invocation } from '../cli.js';
import { applied } from '../environment.js';
import { postgresEnvironment } from '../postgres-environment.js';
import { assertSpeaks, newTicket, type TurnOptions } from '../ticket.js';
import { claimsOf, withDatabase, withoutDashes, withTurn } from './connect.js';

const missing =
  'install it (apt-get install postgresql-client), or use another client with: sallyport connect <connection>';

export const addPsql = (program: Command): void => {
  const psql = command(
    program,
    'psql <connection> [args...]',
    'open psql; what follows the connection is for psql',
    async (call: Invocation<TurnOptions & { database?: string }>, name, ...args) => {
      const ticket = await newTicket(call.api, name, claimsOf(call));
      assertSpeaks('postgres', ticket);
      const environment = postgresEnvironment(ticket, call.options.database, call.world.env);
      return runProgram('psql', withoutDashes(args), applied(environment, call.world.env), missing);
    },
  );
  withTurn(withDatabase(psql))
    .passThroughOptions()
    .addHelpText('after', '\nExample:\n  sallyport psql orders -c "select count(*) from customers"');
};

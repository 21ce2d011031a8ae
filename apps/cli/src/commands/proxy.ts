import type { Command } from 'commander';
import { command, type Invocation } from '../cli.js';
import { integer } from '../options.js';
import { startProxy } from '../proxy/server.js';
import { assertSpeaks, caOf, databaseOf, newTicket, type TurnOptions } from '../ticket.js';
import { claimsOf, withDatabase, withTurn } from './connect.js';

interface ProxyOptions extends TurnOptions {
  readonly port: number;
  readonly database?: string;
  readonly maxConnections: number;
}

const untilStopped = (): Promise<NodeJS.Signals> =>
  new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(signal));
  });

export const addProxy = (program: Command): void => {
  const proxy = command(
    program,
    'proxy <connection>',
    'listen on loopback for a client pool: each of its connections gets a fresh ticket',
    async (call: Invocation<ProxyOptions>, name) => {
      const { options, api } = call;
      const claims = claimsOf(call);
      assertSpeaks('postgres', await newTicket(api, name, claims)); // says now, and not at the first query, that it cannot work
      const running = await startProxy({
        port: options.port,
        maxConnections: options.maxConnections,
        dial: async () => {
          const ticket = await newTicket(api, name, claims);
          return {
            ...ticket.endpoint,
            user: ticket.connection,
            password: ticket.ticket,
            database: databaseOf(ticket, options.database),
            ca: caOf(ticket),
          };
        },
        log: (line) => call.say(line),
      });
      call.show(
        { host: '127.0.0.1', port: running.port, connection: name },
        () => `listening on 127.0.0.1:${running.port} for ${name}; any user and password will do; Ctrl-C stops\n`,
      );
      await untilStopped();
      await running.stop();
    },
  );
  withTurn(withDatabase(proxy))
    .option('--port <port>', 'the port; 0 takes a free one', integer, 0)
    .option('--max-connections <number>', 'how many clients at once', integer, 100)
    .addHelpText(
      'after',
      '\nEverybody who can open a connection on this machine’s loopback acts as you while it runs.',
    );
};

import type { Command } from 'commander';
import { command, type Invocation } from '../cli.js';
import { integer, listOf, pathOf, without } from '../options.js';
import { sheet, table } from '../table.js';

interface Connection {
  readonly name: string;
  readonly protocol: string;
  readonly target: string;
  readonly databases?: readonly string[];
  readonly labels?: readonly string[];
  readonly max_sessions?: number;
}

interface Settings {
  readonly target?: string;
  readonly protocol?: string;
  readonly database?: string[];
  readonly label?: string[];
  readonly recordResponses?: boolean;
  readonly maxSessions?: number;
}

const bodyOf = ({ target, protocol, database, label, recordResponses, maxSessions }: Settings) =>
  without({
    target,
    protocol,
    databases: database,
    labels: label,
    record_responses: recordResponses,
    max_sessions: maxSessions,
  });

const withSettings = (made: Command): Command =>
  made
    .option('--target <alias>', 'the target, as the agent’s own configuration names it')
    .option('--database <name>', 'a database that may be used (repeat for more)', listOf)
    .option('--label <label>', 'a label that policies can speak of (repeat for more)', listOf)
    .option('--record-responses', 'keep the masked responses with the record')
    .option('--no-record-responses', 'keep no responses')
    .option('--max-sessions <number>', 'how many sessions one identity may have open', integer);

export const addConnections = (program: Command): void => {
  const group = program.command('connections').description('ways to a target');
  command(group, 'list', 'the connections that you may see', async (call) => {
    const all = await call.api.all<Connection>('/v1/connections');
    call.show(all, () =>
      table(all, {
        name: (c) => c.name,
        protocol: (c) => c.protocol,
        target: (c) => c.target,
        databases: (c) => c.databases,
        labels: (c) => c.labels,
      }),
    );
  });
  command(group, 'show <connection>', 'one connection in full', async (call, name) => {
    const found = await call.api.get<Record<string, unknown>>(pathOf('/v1/connections', name));
    call.show(found, () => sheet(found));
  });
  const create = command(
    group,
    'create <connection>',
    'make a connection (admin)',
    async (call: Invocation<Settings>, name) => {
      const made = await call.api.send<Record<string, unknown>>('POST', '/v1/connections', {
        name,
        protocol: 'postgres',
        ...bodyOf(call.options),
      });
      call.show(made, () => sheet(made));
    },
  );
  withSettings(create).option('--protocol <name>', 'its protocol', 'postgres');
  withSettings(
    command(group, 'update <connection>', 'change a connection (admin)', async (call: Invocation<Settings>, name) => {
      const changed = await call.api.send<Record<string, unknown>>(
        'PATCH',
        pathOf('/v1/connections', name),
        bodyOf(call.options),
      );
      call.show(changed, () => sheet(changed));
    }),
  );
  command(group, 'delete <connection>', 'remove a connection (admin)', async (call, name) => {
    await call.api.send('DELETE', pathOf('/v1/connections', name));
    call.show({ deleted: name }, () => `deleted ${name}\n`);
  });
};

import type { Command } from 'commander';
import { command, type Invocation } from '../cli.js';
import { type ProtocolSettings, type SettingOptions, scopeOf, settingsBody } from '../connection-settings.js';
import { integer, listOf, pathOf, without } from '../options.js';
import { type Protection, protectionSheet, stateOf } from '../protection.js';
import { table } from '../table.js';
import { addHarden } from './harden.js';

interface Connection {
  readonly name: string;
  readonly protocol: string;
  readonly target: string;
  readonly databases?: readonly string[];
  readonly labels?: readonly string[];
  readonly max_sessions?: number;
  readonly protection?: Protection;
  readonly settings?: ProtocolSettings;
}

type Shown = Connection & Record<string, unknown>;

/** Settings of its protocol stand beside what every connection has. */
const sheetOf = (shown: Shown): string => protectionSheet({ ...shown, settings: undefined, ...shown.settings });

interface Settings extends SettingOptions {
  readonly target?: string;
  readonly protocol?: string;
  readonly database?: string[];
  readonly label?: string[];
  readonly recordResponses?: boolean;
  readonly maxSessions?: number;
  readonly requireProtected?: boolean;
  readonly accept?: string[];
  readonly acceptNone?: boolean;
}

const bodyOf = ({
  target,
  protocol,
  database,
  label,
  recordResponses,
  maxSessions,
  requireProtected,
  accept,
  acceptNone,
  ...ofProtocol
}: Settings) =>
  without({
    target,
    protocol,
    databases: database,
    labels: label,
    record_responses: recordResponses,
    max_sessions: maxSessions,
    require_protected: requireProtected,
    accepted_problems: acceptNone ? [] : accept,
    ...settingsBody(ofProtocol),
  });

const withSettings = (made: Command): Command =>
  made
    .option('--target <alias>', 'the target, as the agent’s own configuration names it')
    .option('--database <name>', 'a database that may be used (repeat for more)', listOf)
    .option('--label <label>', 'a label that policies can speak of (repeat for more)', listOf)
    .option('--record-responses', 'keep the masked responses with the record')
    .option('--no-record-responses', 'keep no responses')
    .option('--max-sessions <number>', 'how many sessions one identity may have open', integer)
    .option('--require-protected', 'no session while the target says that its login may do more than it should')
    .option('--no-require-protected', 'sessions in any case')
    .option(
      '--accept <problem>',
      'what the login may do, as its self-check says it; * for any text (repeat for more)',
      listOf,
    )
    .option('--accept-none', 'nothing but the least')
    .option('--region <name>', 'of AWS: a region that may be called (repeat for more)', listOf)
    .option('--any-region', 'of AWS: every region that the agent allows')
    .option('--account <id>', 'of AWS: an account that may be called (repeat for more)', listOf)
    .option('--any-account', 'of AWS: every account that the agent allows')
    .option('--role <arn>', 'of AWS: a role that each call is narrowed by')
    .option('--no-role', 'of AWS: the agent’s own credential as it is');

export const addConnections = (program: Command): void => {
  const group = program.command('connections').description('ways to a target');
  command(group, 'list', 'the connections that you may see', async (call) => {
    const all = await call.api.all<Connection>('/v1/connections');
    call.show(all, () =>
      table(all, {
        name: (c) => c.name,
        protocol: (c) => c.protocol,
        target: (c) => c.target,
        scope: scopeOf,
        labels: (c) => c.labels,
        protection: (c) => stateOf(c.protection),
      }),
    );
  });
  command(group, 'show <connection>', 'one connection in full', async (call, name) => {
    const found = await call.api.get<Shown>(pathOf('/v1/connections', name));
    call.show(found, () => sheetOf(found));
  });
  const create = command(
    group,
    'create <connection>',
    'make a connection (admin)',
    async (call: Invocation<Settings>, name) => {
      const made = await call.api.send<Shown>('POST', '/v1/connections', {
        name,
        protocol: 'postgres',
        ...bodyOf(call.options),
      });
      call.show(made, () => sheetOf(made));
    },
  );
  withSettings(create).option('--protocol <name>', 'its protocol', 'postgres');
  withSettings(
    command(group, 'update <connection>', 'change a connection (admin)', async (call: Invocation<Settings>, name) => {
      const changed = await call.api.send<Shown>('PATCH', pathOf('/v1/connections', name), bodyOf(call.options));
      call.show(changed, () => sheetOf(changed));
    }),
  );
  addHarden(group);
  command(group, 'delete <connection>', 'remove a connection (admin)', async (call, name) => {
    await call.api.send('DELETE', pathOf('/v1/connections', name));
    call.show({ deleted: name }, () => `deleted ${name}\n`);
  });
};

import type { Command } from 'commander';
import { command, type Invocation } from '../cli.js';
import { listOf, pathOf, without } from '../options.js';
import { table } from '../table.js';

interface ServiceAccount extends Readonly<Record<string, unknown>> {
  readonly id: string;
  readonly name: string;
  readonly class?: string;
  readonly groups?: readonly string[];
  readonly roles?: readonly string[];
  readonly disabled?: boolean;
  readonly secret?: string;
}

interface AccountOptions {
  readonly class?: string;
  readonly group?: string[];
  readonly role?: string[];
}

const shownOnce = (account: ServiceAccount): string =>
  `${account.name ?? ''} ${account.id}\n${account.secret ? `secret: ${account.secret}\n` : ''}`;

export const addServiceAccounts = (program: Command): void => {
  const group = program.command('service-accounts').description('machines and AI clients with a login of their own');
  command(group, 'list', 'every service account', async (call) => {
    const all = await call.api.all<ServiceAccount>('/v1/service-accounts');
    call.show(all, () =>
      table(all, {
        id: (a) => a.id,
        name: (a) => a.name,
        class: (a) => a.class,
        groups: (a) => a.groups,
        roles: (a) => a.roles,
        disabled: (a) => (a.disabled ? 'yes' : ''),
      }),
    );
  });
  command(group, 'create <name>', 'make a service account (admin)', async (call: Invocation<AccountOptions>, name) => {
    const { class: kind, group: groups, role: roles } = call.options;
    const made = await call.api.send<ServiceAccount>('POST', '/v1/service-accounts', {
      name,
      ...without({ class: kind, groups, roles }),
    });
    call.show(made, () => shownOnce(made));
  })
    .option('--class <machine|ai>', 'an AI client can never settle a review', 'machine')
    .option('--group <group>', 'a group that it belongs to (repeat for more)', listOf)
    .option('--role <role>', 'a role that it has (repeat for more)', listOf);
  command(group, 'secret <id>', 'a new secret, shown once; the old one ends (admin)', async (call, id) => {
    const made = await call.api.send<ServiceAccount>('POST', `${pathOf('/v1/service-accounts', id)}/secret`);
    call.show(made, () => (made.secret ? `${made.secret}\n` : shownOnce(made)));
  });
  command(group, 'delete <id>', 'remove a service account: its sessions end (admin)', async (call, id) => {
    await call.api.send('DELETE', pathOf('/v1/service-accounts', id));
    call.show({ deleted: id }, () => `deleted ${id}\n`);
  });
};

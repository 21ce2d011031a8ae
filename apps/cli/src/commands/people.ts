import type { Command } from 'commander';
import { command, type Invocation } from '../cli.js';
import { listOf, pathOf, without } from '../options.js';
import { sheet, table } from '../table.js';

interface PersonRow extends Readonly<Record<string, unknown>> {
  readonly id: string;
  readonly name: string;
  readonly groups?: readonly string[];
  readonly roles?: readonly string[];
  readonly disabled?: boolean;
}

export const addPeople = (program: Command): void => {
  const group = program.command('people').description('who has logged in');
  command(group, 'list', 'everybody', async (call) => {
    const all = await call.api.all<PersonRow>('/v1/people');
    call.show(all, () =>
      table(all, {
        id: (p) => p.id,
        name: (p) => p.name,
        groups: (p) => p.groups,
        roles: (p) => p.roles,
        disabled: (p) => (p.disabled ? 'yes' : ''),
      }),
    );
  });
  command(
    group,
    'update <person>',
    'disable or enable, or set roles (admin)',
    async (call: Invocation<{ disable?: boolean; enable?: boolean; role?: string[] }>, id) => {
      const { disable, enable, role } = call.options;
      const changed = await call.api.send<PersonRow>(
        'PATCH',
        pathOf('/v1/people', id),
        without({ disabled: disable ? true : enable ? false : undefined, roles: role }),
      );
      call.show(changed, () => sheet(changed));
    },
  )
    .option('--disable', 'end every login and let no new one in')
    .option('--enable', 'let this person in again')
    .option('--role <role>', 'the roles from now on (repeat for more)', listOf);
  command(
    group,
    'sign-out <person>',
    'end every login of this person, and with it every session (admin)',
    async (call, id) => {
      await call.api.send('DELETE', `${pathOf('/v1/people', id)}/grants`);
      call.show({ signed_out: id }, () => `signed out ${id}\n`);
    },
  );
};

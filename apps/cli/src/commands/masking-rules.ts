import { GatewayError } from '@sallyport/core';
import type { Command } from 'commander';
import { command, type Invocation } from '../cli.js';
import { listOf, pathOf, without } from '../options.js';
import { sheet, table } from '../table.js';

interface Rule {
  readonly id: string;
  readonly connection?: string | null;
  readonly kind: string;
  readonly column?: string;
  readonly detector?: string;
  readonly field?: string;
  readonly action: string;
  readonly exempt_groups?: readonly string[];
}

interface RuleOptions {
  readonly connection?: string;
  readonly column?: string;
  readonly detector?: string;
  readonly field?: string;
  readonly action: string;
  readonly exempt?: string[];
}

export const addMaskingRules = (program: Command): void => {
  const group = program.command('masking-rules').description('which values are hidden, and how');
  command(group, 'list', 'every rule', async (call) => {
    const all = await call.api.all<Rule>('/v1/masking-rules');
    call.show(all, () =>
      table(all, {
        id: (r) => r.id,
        connection: (r) => r.connection ?? 'all',
        hides: (r) => r.column ?? r.field ?? r.detector,
        action: (r) => r.action,
        exempt: (r) => r.exempt_groups,
      }),
    );
  });
  command(group, 'create', 'add a rule (admin)', async (call: Invocation<RuleOptions>) => {
    const { connection, column, detector, field, action, exempt } = call.options;
    const [kind, ...more] = Object.keys(without({ column, detector, field }));
    if (kind === undefined || more.length > 0)
      throw new GatewayError('INVALID_INPUT', 'a rule names a column, a detector or a field, and one of them', {
        hint: 'give --column public.customers.ssn, --detector secrets or --field "dynamodb:*:Items[].email"',
      });
    const made = await call.api.send<Rule & Record<string, unknown>>('POST', '/v1/masking-rules', {
      kind,
      action,
      ...without({ connection, column, detector, field, exempt_groups: exempt }),
    });
    call.show(made, () => sheet(made));
  })
    .requiredOption('--action <redact|partial|hash|null>', 'what becomes of a value')
    .option('--column <schema.table.column>', 'a column; * stands for any name')
    .option('--detector <name>', 'a detector, or a class of them: secrets, personal-data, *')
    .option(
      '--field <service:operation:path>',
      'a field of answers that are documents, as of AWS; * and ** as in the guide',
    )
    .option('--connection <name>', 'for this connection only')
    .option('--exempt <group>', 'not for members of this group (repeat for more)', listOf);
  command(group, 'delete <id>', 'remove a rule (admin)', async (call, id) => {
    await call.api.send('DELETE', pathOf('/v1/masking-rules', id));
    call.show({ deleted: id }, () => `deleted ${id}\n`);
  });
};

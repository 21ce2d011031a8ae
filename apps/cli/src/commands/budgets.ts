import { GatewayError } from '@sallyport/core';
import type { Command } from 'commander';
import { command, type Invocation } from '../cli.js';
import { amount, listOf, pathOf, without } from '../options.js';
import { sheet, table } from '../table.js';

interface Budget extends Readonly<Record<string, unknown>> {
  readonly name: string;
  readonly applies_to: { readonly kind: string; readonly value?: string };
  readonly per: string;
  readonly window: string;
  readonly models: readonly string[];
  readonly limit_tokens: number | null;
  readonly limit_usd: number | null;
}

interface Use {
  readonly subject: {
    readonly identity?: { readonly id: string; readonly name: string | null };
    readonly group?: string;
    readonly ai_session?: string;
  };
  readonly used_tokens: number;
  readonly used_usd: number;
  readonly reserved_tokens: number;
  readonly left_tokens: number | null;
  readonly left_usd: number | null;
  readonly resets_at: string | null;
}

interface SetOptions {
  readonly for?: string;
  readonly per?: string;
  readonly window?: string;
  readonly tokens?: number | 'none';
  readonly usd?: number | 'none';
  readonly model?: string[];
  readonly allModels?: boolean;
}

export const addBudgets = (program: Command): void => {
  const group = program.command('budgets').description('how much may be used of models');
  command(group, 'list', 'the budgets that you may see', async (call) => {
    const all = await call.api.all<Budget>('/v1/budgets');
    call.show(all, () => table(all, columns));
  });
  command(group, 'show <budget>', 'one of them', async (call, name) => {
    const budget = await call.api.get<Budget>(pathOf('/v1/budgets', name));
    call.show(budget, () => sheet({ ...budget, applies_to: scopeText(budget) }));
  });
  addSet(group);
  command(group, 'delete <budget>', 'remove it, with what was counted (admin)', async (call, name) => {
    await call.api.send('DELETE', pathOf('/v1/budgets', name));
    call.show({ deleted: name }, () => `deleted ${name}\n`);
  });
  command(group, 'usage <budget>', 'what is used and left in the window that runs', async (call, name) => {
    const uses = await call.api.all<Use>(`${pathOf('/v1/budgets', name)}/usage`);
    call.show(uses, () => table(uses, useColumns));
  });
};

const addSet = (group: Command): void => {
  command(group, 'set <budget>', 'make it, or change its limits and models (admin)', setBudget)
    .option('--for <whom>', 'everybody, or identity:<id>, group:<name>, ai-session:<client>:<id>, connection:<name>')
    .option('--per <identity|group|ai-session|whole>', 'what has a count of its own')
    .option('--window <hour|day|week|month|ai-session>', 'when it begins anew, in UTC')
    .option('--tokens <number|none>', 'the most tokens, of all directions together', limit)
    .option('--usd <amount|none>', 'the most money', limit)
    .option('--model <pattern>', 'for these models only, as claude-opus-* (repeat for more)', listOf)
    .option('--all-models', 'for every model again');
};

const setBudget = async (call: Invocation<SetOptions>, name?: string): Promise<void> => {
  const path = pathOf('/v1/budgets', name);
  const { tokens, usd, model, allModels } = call.options;
  const limits = without({
    limit_tokens: tokens === 'none' ? null : tokens,
    limit_usd: usd === 'none' ? null : usd,
    models: allModels ? [] : model,
  });
  const there = await existing(call, path);
  if (there !== undefined) refuseOther(there, call.options);
  const made =
    there === undefined
      ? await call.api.send<Budget>('POST', '/v1/budgets', {
          name,
          ...whole(call.options),
          ...without(nonNull(limits)),
        })
      : await call.api.send<Budget>('PATCH', path, limits);
  call.show(made, () => sheet({ ...made, applies_to: scopeText(made) }));
};

const existing = (call: Invocation, path: string): Promise<Budget | undefined> =>
  call.api.get<Budget>(path).catch((error: unknown) => {
    if (error instanceof GatewayError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  });

const whole = ({ for: whom, per, window }: SetOptions) => {
  if (whom !== undefined && per !== undefined && window !== undefined)
    return { applies_to: scopeOf(whom), per, window };
  throw new GatewayError('INVALID_INPUT', 'a new budget needs --for, --per and --window', {
    hint: 'for example: --for everybody --per identity --window day --usd 20',
  });
};

/** What is counted cannot be changed: what was counted would mean something else. */
const refuseOther = (there: Budget, { for: whom, per, window }: SetOptions): void => {
  const same = (wanted: string | undefined, has: string): boolean => wanted === undefined || wanted === has;
  if (same(whom, scopeText(there)) && same(per, there.per) && same(window, there.window)) return;
  throw new GatewayError('CONFLICT', `budget "${there.name}" counts something else`, {
    hint: `delete it first: "sallyport budgets delete ${there.name}"`,
  });
};

const scopeOf = (text: string): Budget['applies_to'] => {
  const colon = text.indexOf(':');
  return colon < 0 ? { kind: text } : { kind: text.slice(0, colon), value: text.slice(colon + 1) };
};
const scopeText = ({ applies_to: { kind, value } }: Budget): string =>
  value === undefined ? kind : `${kind}:${value}`;

const limit = (text: string): number | 'none' => (text === 'none' ? text : amount(text));
const nonNull = (facts: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, value ?? undefined]));

const columns: Readonly<Record<string, (budget: Budget) => unknown>> = {
  name: (b) => b.name,
  for: scopeText,
  per: (b) => b.per,
  window: (b) => b.window,
  tokens: (b) => b.limit_tokens,
  usd: (b) => b.limit_usd,
  models: (b) => (b.models.length === 0 ? 'all' : b.models),
};

const useColumns: Readonly<Record<string, (use: Use) => unknown>> = {
  of: ({ subject }) =>
    [subject.identity && (subject.identity.name ?? subject.identity.id), subject.group, subject.ai_session]
      .filter((part) => part !== undefined)
      .join(' ') || 'all',
  'used tokens': (u) => u.used_tokens,
  'used usd': (u) => u.used_usd.toFixed(2),
  reserved: (u) => u.reserved_tokens,
  'left tokens': (u) => u.left_tokens,
  'left usd': (u) => u.left_usd?.toFixed(2),
  resets: (u) => u.resets_at,
};

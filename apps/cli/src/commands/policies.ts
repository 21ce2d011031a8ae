import { GatewayError } from '@sallyport/core';
import type { Command } from 'commander';
import { command, type Invocation } from '../cli.js';
import { integer, pathOf, textOf, without } from '../options.js';
import { plain } from '../plain-text.js';
import { sheet, table } from '../table.js';

interface PolicyVersion {
  readonly version: number;
  readonly text?: string;
  readonly comment?: string;
  readonly created_at?: string;
  readonly author?: { readonly name: string } | null;
  readonly activated_at?: string | null;
}

interface Problem {
  readonly severity: string;
  readonly policy?: string;
  readonly line?: number;
  readonly message: string;
  readonly hint?: string;
}

interface Verdict {
  readonly outcome?: string;
  readonly decision?: { readonly outcome?: string };
}

const problemLine = ({ severity, policy, line, message, hint }: Problem): string =>
  plain(
    `${severity}${policy ? ` in ${policy}` : ''}${line ? ` at line ${line}` : ''}: ${message}${hint ? ` (${hint})` : ''}\n`,
  );

const problemsOf = (found: readonly Problem[] | { readonly problems?: readonly Problem[] }): readonly Problem[] =>
  'problems' in found ? (found.problems ?? []) : (found as readonly Problem[]);

const addReading = (group: Command): void => {
  command(group, 'show', 'the policies in force', async (call) => {
    const active = await call.api.get<PolicyVersion>('/v1/policies');
    call.show(active, () => `// version ${active.version}\n${plain(active.text ?? '')}\n`);
  });
  command(group, 'packs [name]', 'ready-made policies to start from: all, or one to apply', async (call, name) => {
    const found = await call.api.get<{ items?: { name: string; title: string; text: string }[] }>('/v1/policies/packs');
    const all = found.items ?? [];
    const packs = name ? all.filter((pack) => pack.name === name) : all;
    if (name && packs.length === 0)
      throw new GatewayError('NOT_FOUND', `there is no pack "${name}"`, {
        hint: `choose one of ${all.map((pack) => pack.name).join(', ')}`,
      });
    call.show(packs, () =>
      packs.map((pack) => `// ${plain(pack.name)}: ${plain(pack.title)}\n${plain(pack.text)}\n`).join('\n'),
    );
  });
  command(
    group,
    'versions',
    'every version, with who made it and why',
    async (call: Invocation<{ limit?: number }>) => {
      const all = await call.api.all<PolicyVersion>('/v1/policies/versions', {}, call.options.limit ?? 50);
      call.show(all, () =>
        table(all, {
          version: (v) => v.version,
          active: (v) => (v.activated_at ? 'yes' : ''),
          made: (v) => v.created_at,
          by: (v) => v.author?.name,
          comment: (v) => v.comment,
        }),
      );
    },
  ).option('--limit <number>', 'at most so many', integer);
};

const addChanging = (group: Command): void => {
  command(
    group,
    'validate <file>',
    'check a policy file without saving it (- reads standard input)',
    async (call, file) => {
      const problems = problemsOf(
        await call.api.send<Problem[] | { problems?: Problem[] }>('POST', '/v1/policies/validate', {
          text: textOf(file),
        }),
      );
      call.show({ problems }, () => (problems.length ? problems.map(problemLine).join('') : 'valid\n'));
      return problems.some(({ severity }) => severity === 'error') ? 1 : 0;
    },
  );
  command(
    group,
    'apply <file>',
    'make this file the next version and put it in force',
    async (call: Invocation<{ comment?: string; expect?: number }>, file) => {
      const made = await call.api.send<PolicyVersion>('POST', '/v1/policies', {
        text: textOf(file),
        ...without({ comment: call.options.comment, expected_version: call.options.expect }),
      });
      call.show(made, () => `version ${made.version} is in force\n`);
    },
  )
    .option('--comment <text>', 'why')
    .option('--expect <version>', 'only if this version is in force now', integer);
  command(group, 'rollback <version>', 'put an earlier version in force again', async (call, version) => {
    if (!/^\d+$/.test(version ?? ''))
      throw new GatewayError('INVALID_INPUT', `"${version}" is not a version`, {
        hint: 'see sallyport policies versions',
      });
    const made = await call.api.send<PolicyVersion>('POST', `${pathOf('/v1/policies/versions', version)}/activate`);
    call.show(made, () => `version ${made?.version ?? version} is in force\n`);
  });
};

interface TestOptions {
  readonly file?: string;
  readonly person?: string;
  readonly database?: string;
}

export const addPolicies = (program: Command): void => {
  const group = program.command('policies').description('what is allowed, reviewed and refused (Cedar)');
  addReading(group);
  addChanging(group);
  command(
    group,
    'test <connection> <statement>',
    'would this be allowed? exit status 0 allow, 4 otherwise',
    async (call: Invocation<TestOptions>, connection, statement) => {
      const { file, person, database } = call.options;
      const verdict = await call.api.send<Verdict & Record<string, unknown>>('POST', '/v1/policies/test', {
        connection,
        statement,
        ...without({ person, database, text: file && textOf(file) }),
      });
      call.show(verdict, () => sheet(verdict));
      return (verdict.outcome ?? verdict.decision?.outcome) === 'allow' ? 0 : 4;
    },
  )
    .option('--file <file>', 'try this draft instead of the policies in force')
    .option('--person <id>', 'as this person, by id (see sallyport people list)')
    .option('--database <name>', 'in this database');
};

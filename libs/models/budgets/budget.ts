/** What may be used of models, by whom. Pure: who asks in, what is counted out. */
import { createHash } from 'node:crypto';
import type { Identity, TurnContext } from '@sallyport/core';
import { matchesModel } from '../prices/model-names.js';
import { type BudgetWindow, windowStart } from './window.js';

export const budgetScopes = ['everybody', 'identity', 'group', 'ai-session', 'connection'] as const;

/** Whose use it limits; of `identity` the id, of `ai-session` as `sessionName` has it, else a name. */
export type BudgetScope =
  | { readonly kind: 'everybody' }
  | { readonly kind: Exclude<(typeof budgetScopes)[number], 'everybody'>; readonly value: string };

export const budgetSubjects = ['identity', 'group', 'ai-session', 'whole'] as const;
/** What has a count of its own: each person, each group, each AI session, or all of them one. */
export type BudgetSubject = (typeof budgetSubjects)[number];

export interface Budget {
  readonly name: string;
  readonly appliesTo: BudgetScope;
  readonly per: BudgetSubject;
  readonly window: BudgetWindow;
  /** Which models it is about; empty for all. */
  readonly models: readonly string[];
  readonly limitTokens?: number;
  readonly limitMicroUsd?: number;
}

export interface Asker {
  readonly identity: Pick<Identity, 'id' | 'groups'>;
  readonly connection: string;
  readonly turn: TurnContext;
  readonly model: string;
}

/** One count that a request is to be taken out of. */
export interface BudgetCount {
  readonly budget: Budget;
  readonly subject: string;
  readonly windowStart: Date;
}

/** Every count that the request belongs to. */
export const countsFor = (budgets: readonly Budget[], asker: Asker, at: Date): readonly BudgetCount[] =>
  budgets
    .filter((budget) => isAbout(budget, asker))
    .flatMap((budget) =>
      subjectsOf(budget, asker).map((subject) => ({ budget, subject, windowStart: windowStart(budget.window, at) })),
    );

/** `claude-code:3f2a…`: an AI session as a budget names it. */
export const sessionName = ({ client, aiSession }: TurnContext): string | undefined =>
  aiSession === undefined ? undefined : `${client ?? ''}:${aiSession}`;

const isAbout = ({ appliesTo, models }: Budget, asker: Asker): boolean =>
  isOf(appliesTo, asker) && (models.length === 0 || models.some((pattern) => matchesModel(pattern, asker.model)));

const isOf = (scope: BudgetScope, { identity, connection, turn }: Asker): boolean => {
  switch (scope.kind) {
    case 'everybody':
      return true;
    case 'identity':
      return identity.id === scope.value;
    case 'group':
      return identity.groups.includes(scope.value);
    case 'ai-session':
      return sessionName(turn) === scope.value;
    case 'connection':
      return connection === scope.value;
  }
};

/**
 * Who is in no group counts as one group of such, and what names no AI session as one session of its person: leaving
 * the name out gives no count of one's own.
 */
const subjectsOf = ({ appliesTo, per }: Budget, { identity, turn }: Asker): readonly string[] => {
  switch (per) {
    case 'whole':
      return [''];
    case 'identity':
      return [identity.id];
    case 'group':
      if (appliesTo.kind === 'group') return [appliesTo.value];
      return identity.groups.length === 0 ? [''] : [...new Set(identity.groups)];
    case 'ai-session':
      return [sessionSubject(identity, turn)];
  }
};

const longestName = 200;

/** Ids of clients mean something within a person and a client only. What is too long for a key is told by its digest. */
const sessionSubject = ({ id }: Asker['identity'], turn: TurnContext): string => {
  const name = sessionName(turn) ?? '';
  const short = name.length > longestName ? `sha256:${createHash('sha256').update(name).digest('hex')}` : name;
  return `${ownSessions(id)}${JSON.stringify(short)}`;
};

/** How the subjects of a person's AI sessions begin. */
export const ownSessions = (id: Identity['id']): string => `${id} `;

/** What a count is of, in words: the reverse of what made its subject. */
export const subjectParts = (
  per: BudgetSubject,
  subject: string,
): { readonly identity?: string; readonly group?: string; readonly aiSession?: string } => {
  if (per === 'whole' || (per === 'group' && subject === '')) return {};
  if (per === 'group') return { group: subject };
  if (per === 'identity') return { identity: subject };
  const space = subject.indexOf(' ');
  const aiSession: unknown = JSON.parse(subject.slice(space + 1));
  return { identity: subject.slice(0, space), ...(typeof aiSession === 'string' && aiSession !== '' && { aiSession }) };
};

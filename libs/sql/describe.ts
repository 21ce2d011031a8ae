import { worstRisk } from '@sallyport/core';
import type { Catalogue } from './catalogue.js';
import { indexOf } from './catalogue-index.js';
import { copy } from './copy.js';
import { codeStatements, definitionStatements, plainStatements } from './definition-statements.js';
import type { SessionEffects, SqlDescription, SqlSession, SqlStatement, Touch } from './description.js';
import { Draft } from './draft.js';
import { expressionHandlers } from './expressions.js';
import { lineageOf } from './lineage.js';
import type { Names } from './names.js';
import { defaultMaxTextBytes, type ParsedStatement, parse } from './parser.js';
import { select } from './select.js';
import { afterStatement } from './session-after.js';
import { sessionStatements } from './session-statements.js';
import { nodeOf } from './tree.js';
import { type Handler, type Surroundings, Walk } from './walk.js';

const statementHandlers: Readonly<Record<string, Handler>> = {
  ...sessionStatements,
  ...definitionStatements,
  CopyStmt: copy,
};

/** Inside an expression a SELECT is a part, not a verb; other statements do not stand there. */
const handlers: Readonly<Record<string, Handler>> = {
  ...statementHandlers,
  ...expressionHandlers,
  SelectStmt: (body, scope, walk) => void select(body, scope, walk),
};

const topLevel = (kind: string): Handler | undefined =>
  statementHandlers[kind] ?? plainStatements.get(kind) ?? codeStatements.get(kind);

const describeStatement = (
  statement: ParsedStatement,
  session: SqlSession,
  catalogue: Catalogue | undefined,
): SqlStatement => {
  const draft = new Draft();
  const names: Names = { ...(catalogue && { index: indexOf(catalogue) }), session, draft };
  const around: Surroundings = {
    text: statement.text,
    prepared: session.prepared,
    cursors: session.cursors ?? new Map(),
    depth: 0,
  };
  const walk = new Walk(names, around, handlers, topLevel);
  if (catalogue?.hiddenCode?.includes('event-trigger') === true) draft.flags.add('hidden-code');
  const [kind, body] = nodeOf(statement.node) ?? [];
  if (kind !== undefined && body) walk.statement(kind, body);
  const lineage = lineageOf(statement.node, catalogue, session);
  if (lineage.incomplete === true) draft.raise('unknown', 'not-traced');
  return { ...draft.done(statement.text), lineage };
};

const union = (parts: readonly (readonly string[])[]): string[] => [...new Set(parts.flat())].sort();

const merged = (statements: readonly SqlStatement[]): SessionEffects =>
  Object.assign(
    {},
    ...statements.map(({ sessionEffects }) => sessionEffects),
    Object.fromEntries(
      (['prepares', 'declares', 'settings', 'createsTemporary'] as const)
        .map((key) => [key, statements.flatMap(({ sessionEffects }) => [...(sessionEffects[key] ?? [])])] as const)
        .filter(([, all]) => all.length > 0),
    ),
  ) as SessionEffects;

const mergedTouches = (statements: readonly SqlStatement[]): Touch[] => {
  const all = new Map<string, Touch>();
  for (const touch of statements.flatMap(({ touches }) => touches)) {
    const key = JSON.stringify([touch.schema, touch.name]);
    const before = all.get(key);
    all.set(key, {
      ...touch,
      columns: union([before?.columns ?? [], touch.columns]),
      written: touch.written || before?.written === true,
    });
  }
  return [...all.values()];
};

const together = (statements: readonly SqlStatement[]): SqlDescription => {
  const copies = statements.flatMap((one) => one.copy ?? []);
  const of = (pick: (one: SqlStatement) => readonly string[]): string[] => union(statements.map(pick));
  return {
    statements,
    risk: worstRisk(statements.map(({ risk }) => risk)),
    verbs: of(({ verbs }) => verbs),
    relations: of(({ relations }) => relations),
    written: of(({ written }) => written),
    columns: of(({ columns }) => columns),
    functions: of(({ functions }) => functions),
    hasWhere: statements.every(({ hasWhere }) => hasWhere),
    unresolved: of(({ unresolved }) => unresolved),
    flags: union([...statements.map(({ flags }) => flags), statements.length > 1 ? ['multi-statement'] : []]),
    opaque: statements.some(({ opaque }) => opaque),
    touches: mergedTouches(statements),
    ...(copies.length > 0 && { copy: copies }),
    sessionEffects: merged(statements),
  };
};

/** Where nothing can be said, everything counts. */
const notUnderstood = (error: string): SqlDescription => ({
  ...together([]),
  risk: 'unknown',
  flags: ['not-understood'],
  hasWhere: false,
  opaque: true,
  sessionEffects: { runsCode: true, ddl: true, changesSearchPath: true },
  error,
});

/**
 * Describes a text of SQL as PostgreSQL would read it: pure, never throws; what is not understood has risk `unknown`.
 * `loadParser` must have been awaited. Without a catalogue no name resolves, and what has a name is `unknown`.
 */
export const describe = (
  text: string,
  session: SqlSession,
  catalogue: Catalogue | undefined,
  maxTextBytes: number = defaultMaxTextBytes,
): SqlDescription => {
  const parsed = parse(text, maxTextBytes);
  if ('error' in parsed) return notUnderstood(parsed.error);
  try {
    let current = session;
    const statements = parsed.statements.map((statement) => {
      const described = describeStatement(statement, current, catalogue);
      current = afterStatement(current, described);
      return described;
    });
    return together(statements);
  } catch (error) {
    // Nested too deep to be walked.
    if (error instanceof RangeError) return notUnderstood('the statement is nested too deep');
    throw error;
  }
};

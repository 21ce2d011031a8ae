import { createRelation } from './creation.js';
import { outputNamesOf, visitAll } from './expressions.js';
import { fromItems } from './from.js';
import { judgeCasts } from './names.js';
import { isRowChange, rowChange } from './row-changes.js';
import { derived, type OutputNames, renamed, type Scope, scopeIn } from './scope.js';
import { bodiesAt, listAt, namesAt, nodeOf, type Tree, textAt, treeAt } from './tree.js';
import type { Walk } from './walk.js';

/** A query in parentheses or a CTE: a SELECT, or a statement that writes and returns. */
const query = (node: Tree | undefined, scope: Scope, walk: Walk): OutputNames => {
  const [kind, body] = nodeOf(node) ?? [];
  if (body && kind === 'SelectStmt') return select(body, scope, walk);
  if (body && kind !== undefined && isRowChange(kind)) {
    walk.draft.flags.add('cte-write');
    return rowChange(kind, body, scope, walk);
  }
  walk.draft.raise('unknown', 'unknown-syntax', `syntax:${kind ?? ''}`);
  return undefined;
};

const shown = (names: OutputNames, aliases: readonly string[]): OutputNames =>
  names &&
  renamed(
    names.map((name) => [name, name] as const),
    aliases,
  ).map(([name]) => name);

/** More queries in one WITH than anybody writes: their names alone would take seconds to resolve. */
const mostQueries = 500;

/** @returns the scope in which the rest of the statement sees the WITH queries */
export const withQueries = (body: Tree, scope: Scope, walk: Walk): Scope => {
  const clause = treeAt(body, 'withClause');
  const ctes = new Map(scope.ctes);
  const inner: Scope = { ...scope, ctes };
  if (!clause) return inner;
  walk.check('WithClause', clause);
  const recursive = clause['recursive'] === true;
  const all = bodiesAt(clause, 'ctes', 'CommonTableExpr');
  if (all.length > mostQueries) {
    walk.draft.conceal('too-many-queries');
    for (const cte of all) ctes.set(textAt(cte, 'ctename') ?? '', undefined);
    return inner;
  }
  // A recursive query sees every query of its WITH, those behind it included.
  if (recursive) for (const cte of all) ctes.set(textAt(cte, 'ctename') ?? '', undefined);
  for (const cte of all) {
    walk.check('CommonTableExpr', cte);
    const names = shown(query(treeAt(cte, 'ctequery'), inner, walk), namesAt(cte, 'aliascolnames'));
    const adds = cte['search_clause'] !== undefined || cte['cycle_clause'] !== undefined;
    ctes.set(textAt(cte, 'ctename') ?? '', adds ? undefined : names);
  }
  return inner;
};

const into = (body: Tree, walk: Walk): void => {
  const clause = treeAt(body, 'intoClause');
  if (!clause) return;
  walk.draft.act('create', 'write', 'select-into');
  createRelation(treeAt(clause, 'rel') ?? {}, walk);
};

const locks = (body: Tree, scope: Scope, walk: Walk): void => {
  if (listAt(body, 'lockingClause').length === 0) return;
  // Takes the same locks as an UPDATE, and asks for the right to make one.
  walk.draft.act('select', 'write', 'row-lock');
  walk.draft.effects.locks = true;
  for (const { relations } of scope.items) for (const relation of relations) walk.draft.touch(relation);
};

const setOperation = (body: Tree, scope: Scope, walk: Walk): OutputNames => {
  const [left, right] = [treeAt(body, 'larg'), treeAt(body, 'rarg')];
  const names = left ? select(left, scopeIn(scope.parent, scope.ctes), walk) : undefined;
  if (right) select(right, scopeIn(scope.parent, scope.ctes), walk);
  const sorting = scopeIn(scope.parent, scope.ctes, [derived(undefined, names)]);
  visitAll(walk, body, ['sortClause', 'limitOffset', 'limitCount'], sorting);
  return names;
};

const values = (body: Tree, scope: Scope, walk: Walk): OutputNames => {
  visitAll(walk, body, ['valuesLists', 'sortClause', 'limitOffset', 'limitCount'], {
    ...scope,
    items: [derived(undefined, undefined)],
  });
  const [first] = listAt(body, 'valuesLists');
  return listAt(treeAt(first, 'List'), 'items').map((_, position) => `column${position + 1}`);
};

const plain = (body: Tree, scope: Scope, walk: Walk): OutputNames => {
  fromItems(listAt(body, 'fromClause'), scope, walk);
  const targets = listAt(body, 'targetList');
  const names = outputNamesOf(targets, scope);
  visitAll(walk, body, ['targetList', 'whereClause', 'havingClause'], scope);
  // Here a name may be an output's, too.
  const outputs = scopeIn(scope.parent, scope.ctes, [...scope.items, derived(undefined, names)]);
  visitAll(
    walk,
    body,
    ['groupClause', 'sortClause', 'distinctClause', 'windowClause', 'limitOffset', 'limitCount'],
    outputs,
  );
  locks(body, scope, walk);
  return names;
};

/** A SELECT, VALUES or set operation. `outer` is what a correlated reference sees. @returns the names of its outputs */
export const select = (body: Tree, outer: Scope | undefined, walk: Walk): OutputNames => {
  walk.check('SelectStmt', body);
  judgeCasts(walk.names, 'implicit-cast');
  const scope = withQueries(body, scopeIn(outer, outer?.ctes ?? new Map()), walk);
  into(body, walk);
  if (listAt(body, 'valuesLists').length > 0) return values(body, scope, walk);
  return (textAt(body, 'op') ?? 'SETOP_NONE') === 'SETOP_NONE'
    ? plain(body, scope, walk)
    : setOperation(body, scope, walk);
};

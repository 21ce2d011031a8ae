import { outputNamesOf, visitAll } from './expressions.js';
import { fromItem, fromItems, relationItem } from './from.js';
import { judgeCasts } from './names.js';
import { writeRelation } from './relations.js';
import { derived, type OutputNames, type Scope, type ScopeItem, scopeIn } from './scope.js';
import { select, withQueries } from './select.js';
import { type Branch, isTree, listAt, nodeOf, type Tree, textAt, treeAt } from './tree.js';
import type { Walk } from './walk.js';

/** The relation that is written, as a FROM item. */
export const targetItem = (body: Tree, walk: Walk): ScopeItem => {
  const relation = treeAt(body, 'relation') ?? {};
  walk.check('RangeVar', relation);
  const item = relationItem(relation, walk);
  const { index } = walk.names;
  if (index) for (const one of item.relations) writeRelation(one, index, walk.draft);
  if (item.relations.length === 0)
    walk.draft.name([textAt(relation, 'schemaname'), textAt(relation, 'relname')].filter(Boolean).join('.'), true);
  return item;
};

/** Notes columns as written. */
const writeColumns = (columns: readonly string[], item: ScopeItem, walk: Walk): void => {
  for (const relation of item.relations) {
    const known = columns.filter((column) => relation.columns.some(({ name }) => name === column));
    walk.draft.touch(relation, { assigned: known });
  }
};

const targetColumns = (nodes: readonly Tree[]): string[] =>
  nodes.flatMap((node) => textAt(treeAt(node, 'ResTarget'), 'name') ?? []);

/** `SET a = …`: the name is written, the value and any subscript read. */
const assign = (nodes: readonly Tree[], item: ScopeItem, scope: Scope, walk: Walk): void => {
  writeColumns(targetColumns(nodes), item, walk);
  walk.visit([...nodes], scope);
};

const returning = (body: Tree, scope: Scope, item: ScopeItem, walk: Walk): OutputNames => {
  const clause = treeAt(body, 'returningClause');
  if (!clause) return [];
  walk.check('ReturningClause', clause);
  const renames = listAt(clause, 'options').flatMap((one) => textAt(treeAt(one, 'ReturningOption'), 'value') ?? []);
  const rows = ['old', 'new', ...renames].map((alias) => ({ ...item, alias, columns: new Map(item.columns) }));
  const names = outputNamesOf(listAt(clause, 'exprs'), scope);
  walk.visit(clause['exprs'], { ...scope, items: [...scope.items, ...rows] });
  return names;
};

const mentions = (branch: Branch, kinds: ReadonlySet<string>): boolean => {
  if (Array.isArray(branch)) return (branch as readonly Branch[]).some((one) => mentions(one, kinds));
  return isTree(branch) && Object.entries(branch).some(([key, value]) => kinds.has(key) || mentions(value, kinds));
};

const rowDependent = new Set(['ColumnRef', 'CurrentOfExpr', 'ParamRef', 'SubLink']);

/** A condition that does not look at the row (`WHERE true`) is none. */
const needsWhere = (verb: 'update' | 'delete', body: Tree, walk: Walk): void => {
  const limited = mentions(body['whereClause'], rowDependent);
  if (!limited && walk.draft.planned !== 'explain') walk.draft.hasWhere = false;
  walk.draft.act(verb, limited ? 'write' : 'destructive', ...(limited ? [] : ['no-where']));
};

/** The row that was not inserted: its values are the client's own. */
const excludedRow = (item: ScopeItem): ScopeItem => ({
  ...derived('excluded', [...item.columns.keys()]),
  open: item.open,
});

const onConflict = (body: Tree, scope: Scope, item: ScopeItem, walk: Walk): void => {
  const clause = treeAt(body, 'onConflictClause');
  if (!clause) return;
  walk.check('OnConflictClause', clause);
  const inner: Scope = { ...scope, items: [item, excludedRow(item)] };
  assign(listAt(clause, 'targetList'), item, inner, walk);
  walk.fields('OnConflictClause', clause, inner, ['targetList']);
};

const insert = (body: Tree, scope: Scope, walk: Walk): OutputNames => {
  walk.draft.act('insert', 'write');
  const item = targetItem(body, walk);
  const columns = targetColumns(listAt(body, 'cols'));
  writeColumns(columns.length > 0 ? columns : [...item.columns.keys()], item, walk);
  const [kind, source] = nodeOf(treeAt(body, 'selectStmt')) ?? [];
  if (source && kind === 'SelectStmt') select(source, scope, walk);
  onConflict(body, scope, item, walk);
  return returning(body, { ...scope, items: [item] }, item, walk);
};

const update = (body: Tree, scope: Scope, walk: Walk): OutputNames => {
  needsWhere('update', body, walk);
  const item = targetItem(body, walk);
  const inner = { ...scope, items: [item] };
  fromItems(listAt(body, 'fromClause'), inner, walk);
  assign(listAt(body, 'targetList'), item, inner, walk);
  walk.visit(body['whereClause'], inner);
  return returning(body, inner, item, walk);
};

const remove = (body: Tree, scope: Scope, walk: Walk): OutputNames => {
  needsWhere('delete', body, walk);
  const item = targetItem(body, walk);
  const inner = { ...scope, items: [item] };
  fromItems(listAt(body, 'usingClause'), inner, walk);
  walk.visit(body['whereClause'], inner);
  return returning(body, inner, item, walk);
};

const mergeVerbs: Readonly<Record<string, string>> = {
  CMD_UPDATE: 'update',
  CMD_DELETE: 'delete',
  CMD_INSERT: 'insert',
};

const mergeWhen = (body: Tree, item: ScopeItem, scope: Scope, walk: Walk): void => {
  walk.check('MergeWhenClause', body);
  const verb = mergeVerbs[textAt(body, 'commandType') ?? ''];
  if (verb !== undefined) walk.draft.act(verb, 'write');
  const columns = targetColumns(listAt(body, 'targetList'));
  if (verb === 'insert' && columns.length === 0) writeColumns([...item.columns.keys()], item, walk);
  assign(listAt(body, 'targetList'), item, scope, walk);
  visitAll(walk, body, ['condition', 'values'], scope);
};

const merge = (body: Tree, scope: Scope, walk: Walk): OutputNames => {
  walk.draft.act('merge', 'write');
  const item = targetItem(body, walk);
  const inner = { ...scope, items: [item] };
  inner.items.push(...fromItem(treeAt(body, 'sourceRelation'), inner, walk));
  walk.visit(body['joinCondition'], inner);
  for (const node of listAt(body, 'mergeWhenClauses'))
    mergeWhen(treeAt(node, 'MergeWhenClause') ?? {}, item, inner, walk);
  return returning(body, inner, item, walk);
};

const changes: Readonly<Record<string, (body: Tree, scope: Scope, walk: Walk) => OutputNames>> = {
  InsertStmt: insert,
  UpdateStmt: update,
  DeleteStmt: remove,
  MergeStmt: merge,
};

export const isRowChange = (kind: string): boolean => Object.hasOwn(changes, kind);

/** INSERT, UPDATE, DELETE or MERGE. @returns the names of what it returns */
export const rowChange = (kind: string, body: Tree, outer: Scope | undefined, walk: Walk): OutputNames => {
  walk.check(kind, body);
  judgeCasts(walk.names, 'implicit-cast');
  const scope = withQueries(body, scopeIn(outer, outer?.ctes ?? new Map()), walk);
  return changes[kind]?.(body, scope, walk);
};

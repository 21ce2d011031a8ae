import { readSources, readWhole } from './columns.js';
import { judgeOperator, relationNameOf, resolveRelation, written } from './names.js';
import { readRelation } from './relations.js';
import { derived, real, type Scope, type ScopeItem, scopeIn } from './scope.js';
import { select } from './select.js';
import { listAt, namesAt, nodeOf, type Tree, textAt, treeAt } from './tree.js';
import type { Walk } from './walk.js';

const aliasOf = (body: Tree): string | undefined => textAt(treeAt(body, 'alias'), 'aliasname');
const renamesOf = (body: Tree): string[] => namesAt(treeAt(body, 'alias'), 'colnames');

/** A relation by name; reading it is noted, its columns are not. */
export const relationItem = (body: Tree, walk: Walk): ScopeItem => {
  const name = relationNameOf(body);
  const relations = resolveRelation(name, walk.names);
  if (relations.length === 0) walk.draft.name(written(name), false);
  const { index } = walk.names;
  if (index) for (const relation of relations) readRelation(relation, index, walk.draft);
  return real(aliasOf(body) ?? name.name, relations, renamesOf(body), aliasOf(body) !== undefined);
};

const table = (body: Tree, scope: Scope, walk: Walk): ScopeItem[] => {
  const name = textAt(body, 'relname') ?? '';
  const isCte = textAt(body, 'schemaname') === undefined && scope.ctes.has(name);
  return [isCte ? derived(aliasOf(body) ?? name, scope.ctes.get(name), renamesOf(body)) : relationItem(body, walk)];
};

const subselect = (body: Tree, scope: Scope, walk: Walk): ScopeItem[] => {
  const outer = body['lateral'] === true ? scope : scopeIn(scope.parent, scope.ctes);
  const [, query] = nodeOf(treeAt(body, 'subquery')) ?? [];
  const names = query ? select(query, outer, walk) : undefined;
  return [derived(aliasOf(body), names, renamesOf(body))];
};

/** Functions see the items before them. Their columns are known only from a definition list. */
const functions = (body: Tree, scope: Scope, walk: Walk): ScopeItem[] => {
  walk.visit(body['functions'], scope);
  walk.visit(body['coldeflist'], scope);
  const defined = listAt(body, 'coldeflist').flatMap((one) => textAt(treeAt(one, 'ColumnDef'), 'colname') ?? []);
  const renames = renamesOf(body);
  const [first] = listAt(treeAt(listAt(body, 'functions')[0], 'List'), 'items');
  const alias = aliasOf(body) ?? namesAt(treeAt(first, 'FuncCall'), 'funcname').at(-1);
  if (defined.length > 0) return [derived(alias, defined, renames)];
  return [{ ...derived(alias, [...renames, ...(alias === undefined ? [] : [alias])]), open: true }];
};

const tableFunction =
  (kind: string) =>
  (body: Tree, scope: Scope, walk: Walk): ScopeItem[] => {
    walk.fields(kind, body, scope, ['alias']);
    return [derived(aliasOf(body), undefined, renamesOf(body))];
  };

const sample = (body: Tree, scope: Scope, walk: Walk): ScopeItem[] => {
  const method = namesAt(body, 'method').join('.');
  if (!['bernoulli', 'system', 'pg_catalog.bernoulli', 'pg_catalog.system'].includes(method))
    walk.draft.conceal('unknown-function');
  walk.visit(body['args'], scope);
  walk.visit(body['repeatable'], scope);
  return fromItem(treeAt(body, 'relation'), scope, walk);
};

/** Columns joined by name are read without a reference to them. */
const readJoined = (names: readonly string[], items: readonly ScopeItem[], walk: Walk): void => {
  for (const name of names) for (const item of items) readSources(item.columns.get(name) ?? [], walk.names);
};

const commonNames = (left: readonly ScopeItem[], right: readonly ScopeItem[]): string[] | undefined => {
  if ([...left, ...right].some(({ open }) => open)) return undefined;
  const known = new Set(right.flatMap(({ columns }) => [...columns.keys()]));
  return left.flatMap(({ columns }) => [...columns.keys()]).filter((name) => known.has(name));
};

/** `(a JOIN b …) AS j` hides a and b. */
const joinAlias = (items: readonly ScopeItem[], alias: string, body: Tree): ScopeItem => ({
  alias,
  relations: [],
  columns: new Map(
    renamesOf(body).length > 0
      ? renamesOf(body).map((name) => [name, items.flatMap((item) => [...item.columns.values()].flat())] as const)
      : items.flatMap(({ columns }) => [...columns]),
  ),
  open: true,
});

const join = (body: Tree, scope: Scope, walk: Walk): ScopeItem[] => {
  const left = fromItem(treeAt(body, 'larg'), scope, walk);
  const right = fromItem(treeAt(body, 'rarg'), { ...scope, items: [...scope.items, ...left] }, walk);
  const items = [...left, ...right];
  const common = body['isNatural'] === true ? commonNames(left, right) : namesAt(body, 'usingClause');
  if (common === undefined || common.length > 0) judgeOperator(['='], walk.names);
  if (common) readJoined(common, items, walk);
  else readWhole(items, walk.names);
  walk.visit(body['quals'], scopeIn(scope.parent, scope.ctes, items));
  const alias = aliasOf(body);
  if (alias !== undefined) return [joinAlias(items, alias, body)];
  const usingAlias = textAt(treeAt(body, 'join_using_alias'), 'aliasname');
  return usingAlias === undefined ? items : [...items, { ...joinAlias(items, usingAlias, {}), open: true }];
};

const items: Readonly<Record<string, (body: Tree, scope: Scope, walk: Walk) => ScopeItem[]>> = {
  RangeVar: table,
  RangeSubselect: subselect,
  RangeFunction: functions,
  RangeTableFunc: tableFunction('RangeTableFunc'),
  JsonTable: tableFunction('JsonTable'),
  RangeTableSample: sample,
  JoinExpr: join,
};

/** One item of FROM: reads it, and says what it shows. `scope` holds the items before it, for LATERAL. */
export const fromItem = (node: Tree | undefined, scope: Scope, walk: Walk): ScopeItem[] => {
  const [kind, body] = nodeOf(node) ?? [];
  const item = kind === undefined ? undefined : items[kind];
  if (item && body) {
    walk.check(kind ?? '', body);
    return item(body, scope, walk);
  }
  walk.draft.raise('unknown', 'unknown-syntax', `syntax:FROM ${kind ?? ''}`);
  return [];
};

export const fromItems = (nodes: readonly Tree[], scope: Scope, walk: Walk): void => {
  for (const node of nodes) scope.items.push(...fromItem(node, scope, walk));
};

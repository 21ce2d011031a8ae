import { expression } from './lineage-expressions.js';
import { fromItems, relationItem } from './lineage-from.js';
import { select, targets, where, withQueries } from './lineage-select.js';
import {
  type Column,
  type Item,
  keyOf,
  nothing,
  scopeUnder,
  type Tracer,
  type TraceScope,
  union,
  type Value,
} from './lineage-tracer.js';
import { listAt, type Tree, textAt, treeAt } from './tree.js';

type Assigned = Map<string, Value>;

const add = (assigned: Assigned, name: string, value: Value): void => {
  const before = assigned.get(name);
  assigned.set(name, before === undefined ? value : union([before, value]));
};

/** `SET a = …`: what is stored where. */
const assignments = (nodes: readonly Tree[], scope: TraceScope, tracer: Tracer, assigned: Assigned): void => {
  for (const node of nodes) {
    const body = treeAt(node, 'ResTarget');
    const name = textAt(body, 'name');
    if (name !== undefined) add(assigned, name, expression(body?.['val'], scope, tracer));
  }
};

/** Tells the tracer what is stored. @returns the row as it may be afterwards: its own values, or what was stored in them */
const written = (item: Item, assigned: Assigned, tracer: Tracer): Item => {
  const columns = item.columns.map((column): Column => {
    const value = column.name === undefined ? undefined : assigned.get(column.name);
    if (value === undefined) return column;
    const [key] = column.bare === undefined ? [...column.sources] : [column.bare];
    const others = new Set([...value.sources].filter((source) => source !== key));
    tracer.store(key ?? keyOf('', item.alias ?? '', column.name ?? ''), { ...value, sources: others });
    const isOwn = key !== undefined && value.bare === key;
    if (isOwn || (value.sources.size === 0 && !value.opaque)) return column;
    return { name: column.name, ...union([{ sources: column.sources, opaque: column.opaque }, value]) };
  });
  return { ...item, columns };
};

const returning = (body: Tree, item: Item, scope: TraceScope, tracer: Tracer): readonly Column[] | undefined => {
  const clause = treeAt(body, 'returningClause');
  if (!clause) return [];
  const renames = listAt(clause, 'options').flatMap((one) => textAt(treeAt(one, 'ReturningOption'), 'value') ?? []);
  const rows = ['old', 'new', ...renames].map((alias) => ({ ...item, alias, columns: item.columns }));
  const visible = item.open || scope.visible === undefined ? undefined : [...item.columns, ...scope.visible];
  // `old` and `new` can be named, and stand in no `*`; unqualified names are those of the row itself.
  const named: TraceScope = {
    ...scope,
    items: [item, ...scope.items],
    visible,
    parent: { ...scopeUnder(scope.parent), items: rows },
  };
  return targets(listAt(clause, 'exprs'), named, tracer);
};

const listedColumns = (nodes: readonly Tree[], item: Item): readonly string[] => {
  const listed = nodes.flatMap((node) => textAt(treeAt(node, 'ResTarget'), 'name') ?? []);
  return listed.length > 0 ? listed : item.columns.flatMap(({ name }) => name ?? []);
};

const targetOf = (body: Tree, tracer: Tracer): Item => relationItem(treeAt(body, 'relation') ?? {}, tracer);

export const insert = (body: Tree, outer: TraceScope | undefined, tracer: Tracer): readonly Column[] | undefined => {
  const scope = withQueries(body, scopeUnder(outer), tracer);
  const item = targetOf(body, tracer);
  const source = treeAt(treeAt(body, 'selectStmt'), 'SelectStmt');
  const values = source ? select(source, scope, tracer) : [];
  const assigned: Assigned = new Map();
  const isTold = values.every(({ untold }) => untold !== true);
  listedColumns(listAt(body, 'cols'), item).forEach((name, index) => {
    const value = isTold ? values[index] : union(values);
    if (value !== undefined) add(assigned, name, value);
  });
  const conflict = treeAt(body, 'onConflictClause');
  if (conflict) {
    const excluded: Item = {
      ...item,
      alias: 'excluded',
      schemas: [],
      columns: item.columns.map(({ name }) => ({ name, ...(assigned.get(name ?? '') ?? nothing) })),
    };
    const inner: TraceScope = { ...scope, items: [item, excluded] };
    assignments(listAt(conflict, 'targetList'), inner, tracer, assigned);
    where(conflict, 'whereClause', inner, tracer);
  }
  return returning(body, written(item, assigned, tracer), scope, tracer);
};

export const update = (body: Tree, outer: TraceScope | undefined, tracer: Tracer): readonly Column[] | undefined => {
  const scope = withQueries(body, scopeUnder(outer), tracer);
  const item = targetOf(body, tracer);
  fromItems(listAt(body, 'fromClause'), scope, tracer);
  const inner: TraceScope = { ...scope, items: [item, ...scope.items] };
  const assigned: Assigned = new Map();
  assignments(listAt(body, 'targetList'), inner, tracer, assigned);
  where(body, 'whereClause', inner, tracer);
  return returning(body, written(item, assigned, tracer), scope, tracer);
};

export const remove = (body: Tree, outer: TraceScope | undefined, tracer: Tracer): readonly Column[] | undefined => {
  const scope = withQueries(body, scopeUnder(outer), tracer);
  const item = targetOf(body, tracer);
  fromItems(listAt(body, 'usingClause'), scope, tracer);
  where(body, 'whereClause', { ...scope, items: [item, ...scope.items] }, tracer);
  return returning(body, item, scope, tracer);
};

export const merge = (body: Tree, outer: TraceScope | undefined, tracer: Tracer): readonly Column[] | undefined => {
  const scope = withQueries(body, scopeUnder(outer), tracer);
  const item = targetOf(body, tracer);
  const source = treeAt(body, 'sourceRelation');
  fromItems(source ? [source] : [], scope, tracer);
  const inner: TraceScope = { ...scope, items: [item, ...scope.items] };
  tracer.probe(expression(body['joinCondition'], inner, tracer));
  const assigned: Assigned = new Map();
  for (const node of listAt(body, 'mergeWhenClauses')) {
    const clause = treeAt(node, 'MergeWhenClause') ?? {};
    if (clause['condition'] !== undefined) tracer.probe(expression(clause['condition'], inner, tracer));
    assignments(listAt(clause, 'targetList'), inner, tracer, assigned);
    const values = listAt(clause, 'values').map((value) => expression(value, inner, tracer));
    listedColumns(listAt(clause, 'targetList'), item).forEach((name, index) => {
      if (values[index] !== undefined) add(assigned, name, values[index]);
    });
  }
  const row = written(item, assigned, tracer);
  const columns = returning(body, row, scope, tracer);
  // MERGE shows the source's columns first in `*`.
  return JSON.stringify(treeAt(body, 'returningClause') ?? {}).includes('A_Star') ? undefined : columns;
};

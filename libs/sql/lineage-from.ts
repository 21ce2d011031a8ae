import type { Relation } from './catalogue.js';
import type { CatalogueIndex } from './catalogue-index.js';
import { expression } from './lineage-expressions.js';
import { select } from './lineage-select.js';
import {
  type Column,
  type Item,
  keyOf,
  nothing,
  type SourceKey,
  scopeUnder,
  type Tracer,
  type TraceScope,
  union,
  type Value,
} from './lineage-tracer.js';
import { relationNameOf, resolveRelation } from './names.js';
import { listAt, namesAt, nodeOf, type Tree, textAt, treeAt } from './tree.js';
import { meaningOf } from './value-relations.js';

/** A FROM item as it can be named, and what `*` shows of it; undefined where that is not known. */
interface Traced {
  readonly items: readonly Item[];
  readonly visible: readonly Column[] | undefined;
}

const aliasOf = (body: Tree): string | undefined => textAt(treeAt(body, 'alias'), 'aliasname');
const renamesOf = (body: Tree): readonly string[] => namesAt(treeAt(body, 'alias'), 'colnames');

const renamed = (columns: readonly Column[], names: readonly string[]): readonly Column[] =>
  names.length === 0 ? columns : columns.map((column, index) => ({ ...column, name: names[index] ?? column.name }));

/** Statistics and other sessions' statements may show any value of any column. */
const revealing: ReadonlySet<string> = new Set(['statistics', 'activity', 'large-object', 'server-file']);

/** All that stands below a view whose definition was not traced. */
const belowUntraced = (relation: Relation, byOid: CatalogueIndex['relationsByOid']): ReadonlySet<SourceKey> => {
  const found = new Set<SourceKey>();
  const seen = new Set<number>();
  const queue = isUntraced(relation) ? [relation] : [];
  for (let view = queue.pop(); view; view = queue.pop()) {
    for (const { name } of view.columns) found.add(keyOf(view.schema, view.name, name));
    for (const { oid } of view.dependsOn ?? []) {
      const used = seen.has(oid) ? undefined : byOid.get(oid);
      seen.add(oid);
      if (used) queue.push(used);
    }
  }
  return found;
};

const isUntraced = ({ kind, dependsOn, columns }: Relation): boolean =>
  (kind === 'v' || kind === 'm') && dependsOn !== undefined && columns.some(({ shows }) => shows === undefined);

const columnOf = (relation: Relation, index: number, isOpaque: boolean, below: ReadonlySet<SourceKey>): Column => {
  const { name, from, shows } = relation.columns[index]!;
  const own = keyOf(relation.schema, relation.name, name);
  if (shows !== undefined) {
    return {
      name,
      sources: new Set([own, ...shows.sources.map((source) => keyOf(...source))]),
      opaque: isOpaque || shows.opaque === true,
      ...(shows.bare && { bare: keyOf(...shows.bare) }),
    };
  }
  const sources = from?.flatMap((attnum) => relation.columns.find((one) => one.attnum === attnum)?.name ?? []) ?? [];
  const isView = (relation.kind === 'v' || relation.kind === 'm') && relation.dependsOn !== undefined;
  return {
    name,
    sources: new Set([own, ...below, ...sources.map((source) => keyOf(relation.schema, relation.name, source))]),
    opaque: isOpaque || isView,
    ...(from === undefined && !isView && { bare: own }),
    ...(from !== undefined && { generated: true }),
  };
};

const columnsOfOne = (relation: Relation, tracer: Tracer): readonly Column[] => {
  const below = belowUntraced(relation, tracer.names.index?.relationsByOid ?? new Map());
  const flag = meaningOf(relation)?.flag;
  const isOpaque = flag !== undefined && revealing.has(flag);
  return relation.columns.map((_, index) => columnOf(relation, index, isOpaque, below));
};

interface Found {
  readonly relations: readonly Relation[];
  readonly columns: readonly Column[] | undefined;
}

/** Several candidates for a name, or a name that may mean something else by now, prove nothing. */
const find = (rangeVar: Tree, tracer: Tracer): Found => {
  let relations: readonly Relation[] = [];
  const isUncertain = tracer.conceals((names) => {
    relations = resolveRelation(relationNameOf(rangeVar), names);
  });
  for (const relation of relations) {
    const columns = columnsOfOne(relation, tracer);
    for (const column of columns) tracer.see(column.sources);
    const probes = (relation.probes ?? []).map((source) => keyOf(...source));
    tracer.probe({ sources: new Set(probes), opaque: false });
    tracer.probe({
      sources: belowUntraced(relation, tracer.names.index?.relationsByOid ?? new Map()),
      opaque: false,
    });
  }
  const [relation, ...others] = relations;
  return {
    relations,
    columns: relation && others.length === 0 && !isUncertain ? columnsOfOne(relation, tracer) : undefined,
  };
};

export const relationColumns = (rangeVar: Tree, tracer: Tracer): readonly Column[] | undefined =>
  find(rangeVar, tracer).columns;

/** A relation under its alias. */
export const relationItem = (rangeVar: Tree, tracer: Tracer): Item => {
  const { relations, columns } = find(rangeVar, tracer);
  const all = columns ?? relations.flatMap((one) => columnsOfOne(one, tracer)).map((column) => withoutProof(column));
  return {
    alias: aliasOf(rangeVar) ?? textAt(rangeVar, 'relname'),
    schemas: relations.map(({ schema }) => schema),
    aliased: aliasOf(rangeVar) !== undefined,
    columns: renamed(all, renamesOf(rangeVar)),
    open: columns === undefined,
  };
};

const withoutProof = ({ name, sources }: Column): Column => ({ name, sources, opaque: true });

const table = (body: Tree, scope: TraceScope, tracer: Tracer): Traced => {
  const name = textAt(body, 'relname') ?? '';
  if (textAt(body, 'schemaname') !== undefined || !scope.queries.has(name)) {
    const item = relationItem(body, tracer);
    return { items: [item], visible: item.open ? undefined : item.columns };
  }
  const columns = scope.queries.get(name);
  if (columns === undefined) tracer.incomplete = true;
  return derived(aliasOf(body) ?? name, renamed(columns ?? [tracer.untold()], renamesOf(body)));
};

/** Rows of a query: open where one of its columns stands for several. */
const derived = (alias: string | undefined, columns: readonly Column[]): Traced => {
  const open = columns.some(({ untold }) => untold === true);
  return { items: [{ alias, schemas: [], columns, open }], visible: open ? undefined : columns };
};

const subselect = (body: Tree, scope: TraceScope, tracer: Tracer): Traced => {
  const [, query] = nodeOf(treeAt(body, 'subquery')) ?? [];
  const outer = body['lateral'] === true ? scope : outside(scope);
  return derived(aliasOf(body), renamed(query ? select(query, outer, tracer) : [], renamesOf(body)));
};

/** A subquery in FROM does not see the items beside it. */
const outside = (scope: TraceScope): TraceScope => ({ ...scopeUnder(scope.parent), queries: scope.queries });

/** Rows of a function: how many there are depends on its arguments, and so does every column. */
const functions = (body: Tree, scope: TraceScope, tracer: Tracer): Traced => {
  const value = union(listAt(body, 'functions').map((one) => expression(one, scope, tracer)));
  tracer.probe(value);
  const defined = listAt(body, 'coldeflist').flatMap((one) => textAt(treeAt(one, 'ColumnDef'), 'colname') ?? []);
  const [first] = listAt(treeAt(listAt(body, 'functions')[0], 'List'), 'items');
  const alias = aliasOf(body) ?? namesAt(treeAt(first, 'FuncCall'), 'funcname').at(-1);
  const names = [...renamesOf(body), ...defined];
  const columns = (names.length > 0 ? names : [alias]).map((name) => ({ name, ...withoutBare(value) }));
  const isScalar = defined.length === 0 && body['ordinality'] !== true && body['is_rowsfrom'] !== true;
  const open = defined.length === 0;
  return {
    items: [{ alias, schemas: [], columns, open }],
    visible: open && !isKnownScalar(first, isScalar) ? undefined : columns,
  };
};

/** Not `unnest`: of several arrays, or of one whose elements are rows, it shows more than one column. */
const scalars: ReadonlySet<string> = new Set([
  'generate_series',
  'regexp_split_to_table',
  'string_to_table',
  'generate_subscripts',
]);
const isKnownScalar = (node: Tree | undefined, isScalar: boolean): boolean =>
  isScalar &&
  scalars.has(namesAt(treeAt(node, 'FuncCall'), 'funcname').at(-1) ?? '') &&
  listAt(treeAt(node, 'FuncCall'), 'args').length <= 3;

const withoutBare = ({ sources, opaque }: Value): Value => ({ sources, opaque });

const tableFunction = (body: Tree, scope: TraceScope, tracer: Tracer): Traced => {
  const value = expression(
    Object.fromEntries(Object.entries(body).filter(([field]) => field !== 'alias')),
    scope,
    tracer,
  );
  tracer.probe(value);
  const item: Item = {
    alias: aliasOf(body),
    schemas: [],
    columns: [{ name: undefined, ...withoutBare(value) }],
    open: true,
  };
  return { items: [item], visible: undefined };
};

const sample = (body: Tree, scope: TraceScope, tracer: Tracer): Traced => {
  for (const field of ['args', 'repeatable']) tracer.probe(expression(body[field], scope, tracer));
  return fromItem(treeAt(body, 'relation'), scope, tracer);
};

const named = (columns: readonly Column[] | undefined, name: string): readonly Column[] =>
  (columns ?? []).filter((column) => column.name === name);

/** USING and NATURAL compare columns that nobody refers to, and show them once, first. */
const joined = (names: readonly string[], left: Traced, right: Traced, tracer: Tracer): Traced['visible'] => {
  const merged = names.map((name): Column => {
    const both = [...named(left.visible, name), ...named(right.visible, name)];
    for (const one of both) tracer.probe(one);
    return { name, ...union(both) };
  });
  if (left.visible === undefined || right.visible === undefined) {
    for (const { columns } of [...left.items, ...right.items]) for (const column of columns) tracer.probe(column);
    return undefined;
  }
  const rest = [...left.visible, ...right.visible].filter(({ name }) => name === undefined || !names.includes(name));
  return [...merged, ...rest];
};

const join = (body: Tree, scope: TraceScope, tracer: Tracer): Traced => {
  const left = fromItem(treeAt(body, 'larg'), scope, tracer);
  const right = fromItem(treeAt(body, 'rarg'), { ...scope, items: [...scope.items, ...left.items] }, tracer);
  const isNatural = body['isNatural'] === true;
  const common = isNatural
    ? (left.visible ?? []).flatMap(({ name }) =>
        name !== undefined && named(right.visible, name).length > 0 ? name : [],
      )
    : namesAt(body, 'usingClause');
  const items = [...left.items, ...right.items];
  const both = left.visible && right.visible && [...left.visible, ...right.visible];
  const visible = isNatural || common.length > 0 ? joined(common, left, right, tracer) : both;
  const inside: TraceScope = { ...scope, items: [...scope.items, ...items] };
  if (body['quals'] !== undefined) tracer.probe(expression(body['quals'], inside, tracer));
  const alias = aliasOf(body);
  const usingAlias = textAt(treeAt(body, 'join_using_alias'), 'aliasname');
  const known = visible ?? items.flatMap(({ columns }) => columns).map(withoutProof);
  const whole = { schemas: [], columns: renamed(known, renamesOf(body)), open: visible === undefined };
  if (alias !== undefined) return { items: [{ ...whole, alias }], visible: visible && whole.columns };
  return { items: usingAlias === undefined ? items : [...items, { ...whole, alias: usingAlias }], visible };
};

const traces: Readonly<Record<string, (body: Tree, scope: TraceScope, tracer: Tracer) => Traced>> = {
  RangeVar: table,
  RangeSubselect: subselect,
  RangeFunction: functions,
  RangeTableFunc: tableFunction,
  JsonTable: tableFunction,
  RangeTableSample: sample,
  JoinExpr: join,
};

const fromItem = (node: Tree | undefined, scope: TraceScope, tracer: Tracer): Traced => {
  const [kind, body] = nodeOf(node) ?? [];
  const trace = kind === undefined ? undefined : traces[kind];
  if (trace && body && tracer.step()) return trace(body, scope, tracer);
  const unknown: Item = {
    alias: undefined,
    schemas: [],
    columns: [{ name: undefined, ...tracer.unknown() }],
    open: true,
  };
  return { items: [unknown], visible: undefined };
};

/** Puts the items of a FROM into the scope. */
export const fromItems = (nodes: readonly Tree[], scope: TraceScope, tracer: Tracer): void => {
  for (const node of nodes) {
    const { items, visible } = fromItem(node, scope, tracer);
    scope.items.push(...items);
    scope.visible = scope.visible && visible && [...scope.visible, ...visible];
  }
};

export const wholeOf = (item: Item): Value => {
  const value = union([...item.columns, nothing]);
  return item.open ? { ...value, opaque: true } : value;
};

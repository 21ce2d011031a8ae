import { outputName } from './expressions.js';
import { insert, merge, remove, update } from './lineage-changes.js';
import { expression, isNamed, shown } from './lineage-expressions.js';
import { fromItems } from './lineage-from.js';
import { type Column, nothing, scopeUnder, type Tracer, type TraceScope, union, type Value } from './lineage-tracer.js';
import { emptyScope } from './scope.js';
import {
  type Branch,
  bodiesAt,
  constantOf,
  isTree,
  listAt,
  namesAt,
  nodeOf,
  type Tree,
  textAt,
  treeAt,
} from './tree.js';

const untoldIn = (columns: readonly Column[]): boolean => columns.some(({ untold }) => untold === true);

const unproven = ({ name, sources }: Column): Column => ({ name, sources, opaque: true });

const query = (node: Tree | undefined, scope: TraceScope, tracer: Tracer): readonly Column[] => {
  const [kind, body] = nodeOf(node) ?? [];
  if (body && kind === 'SelectStmt') return select(body, scope, tracer);
  const change = { InsertStmt: insert, UpdateStmt: update, DeleteStmt: remove, MergeStmt: merge }[kind ?? ''];
  return (body && change?.(body, scope, tracer)) ?? [tracer.untold()];
};

const named = (columns: readonly Column[], names: readonly string[]): readonly Column[] =>
  columns.map((column, index) => ({ ...column, name: names[index] ?? column.name }));

const sizeOf = (columns: readonly Column[]): number =>
  columns.reduce((sum, { sources, opaque }) => sum + sources.size + (opaque ? 1 : 0), columns.length);

/** So often a recursive query is traced until nothing is added; each round adds at least one source. */
const mostRounds = 20;
/** More queries in one WITH than anybody writes; beyond it their columns are unproven. */
const mostQueries = 200;

const recursive = (cte: Tree, scope: TraceScope, tracer: Tracer): readonly Column[] => {
  const name = textAt(cte, 'ctename') ?? '';
  const names = namesAt(cte, 'aliascolnames');
  const [, body] = nodeOf(treeAt(cte, 'ctequery')) ?? [];
  const base = treeAt(body, 'larg');
  let columns = base ? named(select(base, scope, tracer), names) : [];
  for (let round = 0; round < mostRounds; round += 1) {
    const inner: TraceScope = { ...scope, queries: new Map([...scope.queries, [name, columns]]) };
    const next = named(query(treeAt(cte, 'ctequery'), inner, tracer), names);
    if (sizeOf(next) === sizeOf(columns)) return next;
    columns = next;
  }
  return columns.map(unproven);
};

/** SEARCH and CYCLE add columns behind the others, made of any of them; CYCLE decides which rows come, too. */
const addedBy = (cte: Tree, columns: readonly Column[], tracer: Tracer): readonly Column[] => {
  const [search, cycle] = [treeAt(cte, 'search_clause'), treeAt(cte, 'cycle_clause')];
  const whole = { ...union(columns), opaque: true };
  if (cycle) tracer.probe(whole);
  const names = [
    textAt(search, 'search_seq_column'),
    textAt(cycle, 'cycle_mark_column'),
    textAt(cycle, 'cycle_path_column'),
  ];
  return names.flatMap((name) => (name === undefined ? [] : { name, sources: whole.sources, opaque: true }));
};

const relationsNamed = (branch: Branch, found: Set<string> = new Set()): Set<string> => {
  if (Array.isArray(branch)) for (const one of branch as readonly Branch[]) relationsNamed(one, found);
  else if (isTree(branch)) {
    for (const [kind, value] of Object.entries(branch)) {
      if (kind === 'RangeVar' && isTree(value)) found.add(textAt(value, 'relname') ?? '');
      relationsNamed(value, found);
    }
  }
  return found;
};

/** A query of WITH RECURSIVE may name one that stands behind it: that one is traced first. */
const inOrderOfUse = (all: readonly Tree[]): readonly Tree[] => {
  const uses = new Map(all.map((cte) => [textAt(cte, 'ctename') ?? '', relationsNamed(cte['ctequery'])]));
  const waiting = new Map(all.map((cte) => [textAt(cte, 'ctename') ?? '', cte]));
  const ordered: Tree[] = [];
  while (waiting.size > 0) {
    const isReady = (name: string): boolean =>
      ![...(uses.get(name) ?? [])].some((used) => used !== name && waiting.has(used));
    const next = [...waiting.keys()].find(isReady) ?? [...waiting.keys()][0]!;
    ordered.push(waiting.get(next)!);
    waiting.delete(next);
  }
  return ordered;
};

/** @returns the scope in which the rest of the statement sees the queries of its WITH */
export const withQueries = (body: Tree, scope: TraceScope, tracer: Tracer): TraceScope => {
  const clause = treeAt(body, 'withClause');
  if (!clause) return scope;
  const queries = new Map(scope.queries);
  const all = bodiesAt(clause, 'ctes', 'CommonTableExpr');
  const isRecursive = clause['recursive'] === true;
  // A query may see those behind it: what they show is not known when it is traced.
  if (isRecursive) for (const cte of all) queries.set(textAt(cte, 'ctename') ?? '', undefined);
  if (all.length > mostQueries) {
    tracer.incomplete = true;
    for (const cte of all) queries.set(textAt(cte, 'ctename') ?? '', undefined);
    return { ...scope, queries };
  }
  for (const cte of isRecursive ? inOrderOfUse(all) : all) {
    const inner: TraceScope = { ...scope, queries: new Map(queries) };
    const columns = isRecursive
      ? recursive(cte, inner, tracer)
      : named(query(treeAt(cte, 'ctequery'), inner, tracer), namesAt(cte, 'aliascolnames'));
    queries.set(textAt(cte, 'ctename') ?? '', [...columns, ...addedBy(cte, columns, tracer)]);
  }
  return { ...scope, queries };
};

/** `ORDER BY 2` and `ORDER BY alias` name an output, as they do inside `GROUP BY ROLLUP (2)` and `(1, 2)`; anything else is an expression. */
const sorted = (node: Tree, columns: readonly Column[], scope: TraceScope, tracer: Tracer): Value => {
  const [kind, body] = nodeOf(node) ?? [];
  const parts = kind === 'GroupingSet' ? 'content' : kind === 'RowExpr' ? 'args' : undefined;
  if (parts !== undefined) {
    const each = listAt(body, parts).map((part) => sorted(part, columns, scope, tracer));
    return union([...each, expression(node, scope, tracer)]);
  }
  const inner = kind === 'SortBy' ? treeAt(body, 'node') : node;
  const place = Number(constantOf(inner));
  if (Number.isInteger(place) && place >= 1)
    return untoldIn(columns) ? union(columns) : (columns[place - 1] ?? nothing);
  const fields = namesAt(treeAt(inner, 'ColumnRef'), 'fields');
  const outputs = fields.length === 1 ? columns.filter(({ name }) => name === fields[0]) : [];
  const read = expression(inner, scope, tracer);
  return outputs.length > 0 ? union([...outputs, ...(scope.items.length > 0 ? [read] : [])]) : read;
};

const probeAll = (
  body: Tree,
  fields: readonly string[],
  columns: readonly Column[],
  { scope, tracer }: { scope: TraceScope; tracer: Tracer },
): void => {
  for (const field of fields) {
    const branch = body[field];
    if (Array.isArray(branch))
      for (const each of listAt(body, field)) tracer.probe(sorted(each, columns, scope, tracer));
    else if (isTree(branch)) tracer.probe(expression(branch, scope, tracer));
  }
};

const namesAny = (branch: Branch, kinds: ReadonlySet<string>): boolean =>
  Array.isArray(branch)
    ? (branch as readonly Branch[]).some((one) => namesAny(one, kinds))
    : isTree(branch) && Object.entries(branch).some(([kind, value]) => kinds.has(kind) || namesAny(value, kinds));

const varying: ReadonlySet<string> = new Set(['ColumnRef', 'SubLink']);
/** One value for the whole statement: a column of VALUES or of a series is a list of guesses. */
const isGiven = (branch: Branch, value: Value): boolean => value.constant === true && !namesAny(branch, varying);

/** A conjunct `column = constant` looks one value up; anything else compares. */
const condition = (branch: Branch, scope: TraceScope, tracer: Tracer): void => {
  if (!isTree(branch)) return;
  const [kind, body] = nodeOf(branch) ?? [];
  if (kind === 'BoolExpr' && textAt(body, 'boolop') === 'AND_EXPR') {
    for (const each of listAt(body, 'args')) condition(each, scope, tracer);
    return;
  }
  const isEquality =
    kind === 'A_Expr' && textAt(body, 'kind') === 'AEXPR_OP' && namesAt(body, 'name').join('.') === '=';
  if (body && isEquality) {
    const [left, right] = [expression(body['lexpr'], scope, tracer), expression(body['rexpr'], scope, tracer)];
    const looksUp =
      (left.bare !== undefined && isGiven(body['rexpr'], right)) ||
      (right.bare !== undefined && isGiven(body['lexpr'], left));
    if (looksUp) tracer.lookUp(union([left, right]));
    else tracer.probe(union([left, right]));
  } else tracer.probe(expression(branch, scope, tracer));
};

export const where = (body: Tree, field: string, scope: TraceScope, tracer: Tracer): void =>
  condition(body[field], scope, tracer);

const starred = (fields: readonly string[], scope: TraceScope): readonly Column[] | undefined => {
  if (fields.length === 1) return scope.visible;
  const item = scope.items.find((one) => isNamed(one, fields.at(-2)!, fields.at(-3)));
  if (item === undefined || item.open || item.columns.some(({ name }) => name === undefined)) return undefined;
  return item.columns;
};

/** @returns undefined where the columns of a star cannot be told */
export const targets = (nodes: readonly Tree[], scope: TraceScope, tracer: Tracer): readonly Column[] | undefined => {
  const columns: Column[] = [];
  for (const each of nodes) {
    const body = treeAt(each, 'ResTarget');
    const val = treeAt(body, 'val');
    const fields = namesAt(treeAt(val, 'ColumnRef'), 'fields');
    const starOf = fields.at(-1) === '*' ? starred(fields, scope) : [];
    if (starOf === undefined || (treeAt(val, 'A_Indirection') && JSON.stringify(val).includes('A_Star')))
      return undefined;
    if (fields.at(-1) === '*') columns.push(...starOf);
    else
      columns.push({
        ...shown(val, scope, tracer),
        name: textAt(body, 'name') ?? outputName(val, emptyScope),
      });
  }
  return columns;
};

/** One column that stands for all that could not be told: its place proves nothing. */
const untold = (scope: TraceScope, tracer: Tracer): readonly Column[] => {
  return [tracer.untold(scope.items.flatMap(({ columns }) => columns))];
};

const plain = (body: Tree, scope: TraceScope, tracer: Tracer): readonly Column[] => {
  fromItems(listAt(body, 'fromClause'), scope, tracer);
  for (const window of bodiesAt(body, 'windowClause', 'WindowDef'))
    scope.windows.set(textAt(window, 'name') ?? '', expression({ WindowDef: window }, scope, tracer));
  const columns = targets(listAt(body, 'targetList'), scope, tracer) ?? untold(scope, tracer);
  where(body, 'whereClause', scope, tracer);
  probeAll(body, ['groupClause', 'havingClause', 'sortClause', 'windowClause', 'limitOffset', 'limitCount'], columns, {
    scope,
    tracer,
  });
  const distinct = body['distinctClause'];
  if (!Array.isArray(distinct)) return columns;
  const on = listAt(body, 'distinctClause').filter((one) => Object.keys(one).length > 0);
  for (const value of on.length > 0 ? on.map((one) => sorted(one, columns, scope, tracer)) : columns)
    tracer.probe(value);
  return columns;
};

/** `VALUES (c.*)` has a column for each of c's. */
const isStar = (item: Tree): boolean =>
  namesAt(treeAt(item, 'ColumnRef'), 'fields').at(-1) === '*' ||
  listAt(treeAt(item, 'A_Indirection'), 'indirection').some((part) => 'A_Star' in part);

const values = (body: Tree, scope: TraceScope, tracer: Tracer): readonly Column[] => {
  const items = listAt(body, 'valuesLists').map((row) => listAt(treeAt(row, 'List'), 'items'));
  const rows = items.map((row) => row.map((item) => shown(item, scope, tracer)));
  const isTold = !items.some((row) => row.some(isStar));
  const columns = isTold
    ? (rows[0] ?? []).map(
        (_, index): Column => ({
          name: `column${index + 1}`,
          ...withoutBare(union(rows.flatMap((row) => row[index] ?? []))),
        }),
      )
    : [tracer.untold(rows.flat())];
  probeAll(body, ['sortClause', 'limitOffset', 'limitCount'], columns, { scope, tracer });
  return columns;
};

const withoutBare = ({ bare: _, ...value }: Value): Value => value;

const setOperation = (body: Tree, scope: TraceScope, tracer: Tracer): readonly Column[] => {
  const [left, right] = (['larg', 'rarg'] as const).map((side) => {
    const part = treeAt(body, side);
    return part ? select(part, { ...scopeUnder(scope.parent), queries: scope.queries }, tracer) : [];
  });
  const told = left!.length === right!.length && !untoldIn([...left!, ...right!]) ? left! : undefined;
  const columns = told?.map((column, index): Column => {
    const other = right![index];
    const isSame = other !== undefined && column.bare !== undefined && column.bare === other.bare;
    return { name: column.name, ...(isSame ? column : withoutBare(union([column, ...(other ? [other] : [])]))) };
  }) ?? [tracer.untold([...left!, ...right!])];
  // Every kind but UNION ALL compares whole rows.
  if (body['all'] !== true || textAt(body, 'op') !== 'SETOP_UNION')
    for (const column of [...left!, ...right!]) tracer.probe(column);
  probeAll(body, ['sortClause', 'limitOffset', 'limitCount'], columns, { scope: { ...scope, items: [] }, tracer });
  return columns;
};

/** The columns of a SELECT, VALUES or set operation. `outer` is what a correlated reference sees. */
export const select = (body: Tree, outer: TraceScope | undefined, tracer: Tracer): readonly Column[] => {
  if (!tracer.step()) return [tracer.untold()];
  const scope = withQueries(body, scopeUnder(outer), tracer);
  if (listAt(body, 'valuesLists').length > 0) return values(body, scope, tracer);
  return (textAt(body, 'op') ?? 'SETOP_NONE') === 'SETOP_NONE'
    ? plain(body, scope, tracer)
    : setOperation(body, scope, tracer);
};

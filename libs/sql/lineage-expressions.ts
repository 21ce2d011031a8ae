import { grammar } from './grammar.js';
import { wholeOf } from './lineage-from.js';
import { select } from './lineage-select.js';
import { constant, type Item, nothing, type Tracer, type TraceScope, union, type Value } from './lineage-tracer.js';
import { judgeCall, judgeField, judgeOperator, judgeType } from './names.js';
import { systemColumns } from './scope.js';
import { type Branch, isTree, listAt, namesAt, nodeOf, numberAt, type Tree, textAt, treeAt } from './tree.js';

const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

/**
 * Give a value for every value: by whether they raise an error nothing can be learnt. Any other function on a column
 * counts as a probe of it: with a well-chosen argument it fails for one value and not for another.
 */
const totalFunctions = words(`
  concat concat_ws upper lower initcap length char_length character_length octet_length btrim ltrim rtrim trim reverse
  md5 coalesce nullif greatest least left right count min max string_agg json_agg bool_and bool_or every to_json
  row_to_json json_build_array array_to_json quote_literal quote_ident quote_nullable starts_with strpos position
  json_typeof jsonb_typeof replace translate row_number rank dense_rank percent_rank cume_dist lag lead first_value last_value any_value`);
/** Depend on no column and read nothing. */
const pureFunctions = words('upper lower length concat concat_ws coalesce nullif abs md5 left right btrim replace now');

const isUnit = (unit: Branch): boolean => typeof unit === 'string' && /^(day|month|quarter|year)$/.test(unit);
/** Total with constants that are valid, whatever the type of what they are applied to. */
const totalWith = new Map<string, (constants: readonly Branch[]) => boolean>([
  ...['date_trunc', 'extract'].map((name) => [name, ([unit]: readonly Branch[]) => isUnit(unit)] as const),
  ...['substr', 'substring'].map(
    (name) => [name, ([, ...places]: readonly Branch[]) => places.every((place) => typeof place === 'number')] as const,
  ),
]);

const totalOperators = words('|| = <> != < > <= >= -> ->> #> #>> ? @> <@ &&');
/** A pattern that ends in a backslash raises an error. */
const patternOperators = words('~~ !~~ ~~* !~~*');

/** Text takes every value. */
const totalTypes = words('text varchar bpchar name');

type Trace = (body: Tree, scope: TraceScope, tracer: Tracer) => Value;

/** The constant that stands here: text, or a number that is not negative; undefined for anything else. */
const constantAt = (branch: Branch): Branch => {
  const body = isTree(branch) ? treeAt(branch, 'A_Const') : undefined;
  const number = treeAt(body, 'ival');
  if (number !== undefined) return numberAt(number, 'ival') >= 0 ? numberAt(number, 'ival') : undefined;
  return textAt(treeAt(body, 'sval'), 'sval');
};

const isTotalCall = (name: string, args: readonly Tree[]): boolean =>
  totalFunctions.has(name) || totalWith.get(name)?.(args.map(constantAt)) === true;

const isTotalOperator = (name: string, body: Tree): boolean => {
  if (/BETWEEN|SIMILAR/.test(textAt(body, 'kind') ?? '')) return false;
  if (!patternOperators.has(name)) return totalOperators.has(name);
  const pattern = constantAt(body['rexpr']);
  return typeof pattern === 'string' && !pattern.includes('\\');
};

/** The fields of a node; some hold a kind that the tree does not name again. */
const children = (kind: string, body: Tree, scope: TraceScope, tracer: Tracer, except: readonly string[] = []): Value =>
  union(
    Object.entries(body).flatMap(([field, branch]) => {
      if (except.includes(field)) return [];
      const held = grammar.get(kind)?.get(field);
      return [held && isTree(branch) ? node(held, branch, scope, tracer) : expression(branch, scope, tracer)];
    }),
  );

const call: Trace = (body, scope, tracer) => {
  const name = namesAt(body, 'funcname');
  const last = name.at(-1) ?? '';
  const opaque = tracer.conceals((names) => judgeCall(name, listAt(body, 'args'), names));
  const value = children('FuncCall', body, scope, tracer, ['funcname']);
  // How many, in which order, or for which rows: told by the result of other rows, too.
  const compares = ['agg_filter', 'agg_order', 'over', 'agg_distinct'].some((field) => body[field] !== undefined);
  const isTotal = isTotalCall(last, listAt(body, 'args')) && !opaque;
  if (!isTotal) tracer.hazards += 1;
  if (!isTotal || last === 'count' || compares) tracer.probe(value);
  tracer.compute(value);
  const { constant: _, ...shown } = value;
  const isPure = value.constant === true && pureFunctions.has(last) && !opaque;
  return { ...(isPure ? value : shown), opaque: value.opaque || opaque };
};

const operator: Trace = (body, scope, tracer) => {
  const name = namesAt(body, 'name');
  const opaque = tracer.conceals((names) => judgeOperator(name, names));
  const value = union([expression(body['lexpr'], scope, tracer), expression(body['rexpr'], scope, tracer)]);
  const isTotal = isTotalOperator(name.at(-1) ?? '', body) && !opaque;
  if (!isTotal) tracer.hazards += 1;
  if (!isTotal) tracer.probe(value);
  tracer.compute(value);
  return { ...value, opaque: value.opaque || opaque };
};

const cast: Trace = (body, scope, tracer) => {
  const type = treeAt(body, 'typeName') ?? {};
  const opaque = tracer.conceals((names) => judgeType(type, names));
  const value = expression(body['arg'], scope, tracer);
  const name = namesAt(type, 'names').at(-1) ?? '';
  const isTotal = totalTypes.has(name) && listAt(type, 'arrayBounds').length === 0 && !opaque;
  if (!isTotal) tracer.hazards += 1;
  if (!isTotal) tracer.probe(value);
  tracer.compute(value);
  const { bare: _, ...shown } = value;
  return { ...shown, opaque: value.opaque || opaque };
};

/** The value, and whether there is one: what its conditions look at decides that. */
const subLink: Trace = (body, scope, tracer) => {
  const [, query] = nodeOf(treeAt(body, 'subselect')) ?? [];
  const { result, heard } = tracer.listen(() => (query ? select(query, scope, tracer) : []));
  const test = body['testexpr'] === undefined ? nothing : expression(body['testexpr'], scope, tracer);
  const { constant: _, bare: __, ...value } = union([...result, test, { sources: heard, opaque: false }]);
  tracer.hazards += 1; // more than one row
  tracer.compute(value);
  return value;
};

const levels = function* (scope: TraceScope): Generator<TraceScope> {
  for (let level: TraceScope | undefined = scope; level; level = level.parent) yield level;
};

/** PostgreSQL takes a name with a schema for a relation that has no alias, be it the same word. */
export const isNamed = ({ alias, schemas, aliased }: Item, name: string, schema?: string): boolean =>
  alias === name && (schema === undefined || (schemas.includes(schema) && aliased !== true));

const itemNamed = (alias: string, scope: TraceScope, schema?: string): Item | undefined => {
  for (const { items } of levels(scope)) {
    const found = items.find((item) => isNamed(item, alias, schema));
    if (found) return found;
  }
  return undefined;
};

const everythingIn = (scope: TraceScope, tracer: Tracer): Value => {
  const whole = union([...levels(scope)].flatMap(({ items }) => items.map(wholeOf)));
  return { sources: new Set([...whole.sources, ...tracer.unknown().sources]), opaque: true };
};

const one = (found: readonly Value[]): Value => (found.length === 1 ? found[0]! : union(found));

const unqualified = (name: string, scope: TraceScope, tracer: Tracer): Value => {
  const guesses: Value[] = [];
  for (const { items } of levels(scope)) {
    const found = items.flatMap(({ columns }) => columns.filter((column) => column.name === name));
    const open = items.filter((item) => item.open || item.columns.some((column) => column.name === undefined));
    if (found.length > 0 && guesses.length === 0 && open.length === 0) return one(found);
    guesses.push(...found, ...open.map((item) => ({ ...wholeOf(item), opaque: true })));
    if (found.length > 0) return union(guesses);
  }
  const whole = itemNamed(name, scope);
  if (whole) return wholeOf(whole);
  if (guesses.length > 0) return union(guesses);
  return systemColumns.has(name) ? nothing : everythingIn(scope, tracer);
};

const fieldOf = (item: Item, field: string, tracer: Tracer): Value => {
  const found = item.columns.filter(({ name }) => name === field);
  if (found.length > 0 && !item.open) return one(found);
  if (found.length === 0 && systemColumns.has(field) && item.schemas.length > 0) return nothing;
  const whole = wholeOf(item);
  if (item.open || tracer.conceals((names) => judgeField(field, names))) return { ...whole, opaque: true };
  return union([whole, tracer.unknown()]);
};

/** A column, a whole row, or everything in sight where it cannot be told. */
const reference: Trace = (body, scope, tracer) => {
  const fields = namesAt(body, 'fields');
  if (fields.at(-1) === '*') {
    const item = fields.length > 1 ? itemNamed(fields.at(-2)!, scope, fields.at(-3)) : undefined;
    return item ? wholeOf(item) : everythingIn(scope, tracer);
  }
  if (fields.length === 1) return unqualified(fields[0]!, scope, tracer);
  const item = itemNamed(fields.at(-2)!, scope, fields.length > 2 ? fields.at(-3) : undefined);
  return item ? fieldOf(item, fields.at(-1)!, tracer) : everythingIn(scope, tracer);
};

/** `(alias).column` is that column; any other `(expression).name` is of the whole expression. */
const indirection: Trace = (body, scope, tracer) => {
  const [first, ...rest] = listAt(body, 'indirection').flatMap((part) => textAt(treeAt(part, 'String'), 'sval') ?? []);
  const named = namesAt(treeAt(treeAt(body, 'arg'), 'ColumnRef'), 'fields');
  const isColumn =
    named.length === 1 &&
    [...levels(scope)].some(({ items }) => items.some(({ columns }) => columns.some(({ name }) => name === named[0])));
  const item = named.length === 1 && !isColumn ? itemNamed(named[0]!, scope) : undefined;
  if (item && first !== undefined && rest.length === 0) return fieldOf(item, first, tracer);
  const opaque = [first, ...rest].some(
    (name) => name !== undefined && tracer.conceals((names) => judgeField(name, names)),
  );
  const { bare: _, ...value } = children('A_Indirection', body, scope, tracer);
  tracer.hazards += 1;
  tracer.compute(value);
  return { ...value, opaque: value.opaque || opaque };
};

const window: Trace = (body, scope, tracer) => {
  const others = ['name', 'refname'].flatMap((field) => scope.windows.get(textAt(body, field) ?? '') ?? []);
  const value = union([children('WindowDef', body, scope, tracer, ['name', 'refname']), ...others]);
  tracer.probe(value);
  return value;
};

const traces: Readonly<Record<string, Trace>> = {
  A_Const: () => constant,
  ParamRef: () => constant,
  SQLValueFunction: () => nothing,
  SetToDefault: () => nothing,
  ColumnRef: reference,
  FuncCall: call,
  A_Expr: operator,
  TypeCast: cast,
  SubLink: subLink,
  A_Indirection: indirection,
  WindowDef: window,
  CollateClause: (body, scope, tracer) => expression(body['arg'], scope, tracer),
  SelectStmt: (body, scope, tracer) => union([...select(body, scope, tracer), nothing]),
  // Names, places and kinds: nothing to read.
  TypeName: () => constant,
  Alias: () => constant,
  String: () => constant,
  Integer: () => constant,
  Float: () => constant,
  Boolean: () => constant,
  BitString: () => constant,
  RoleSpec: () => constant,
  A_Star: () => nothing,
};

/** Pass through a value without changing it; everything else that is walked field by field makes a new one. */
const wrappers: ReadonlySet<string> = new Set(['ResTarget', 'List', 'NamedArgExpr']);

/** Functions under another name, most of which take not every value. */
const raising = /^(Xml|Json)/;

/** Choose between their parts and raise nothing of their own. */
const choices: ReadonlySet<string> = words(
  'CaseExpr CaseWhen CoalesceExpr BoolExpr NullTest BooleanTest MinMaxExpr GroupingFunc SortBy GroupingSet A_Indices',
);

const node = (kind: string, body: Tree, scope: TraceScope, tracer: Tracer): Value => {
  const trace = traces[kind];
  if (trace) return trace(body, scope, tracer);
  const { bare: _, ...value } = children(kind, body, scope, tracer);
  if (!wrappers.has(kind)) tracer.compute(value);
  if (!wrappers.has(kind) && !choices.has(kind)) {
    tracer.hazards += 1;
    if (raising.test(kind)) tracer.probe(value);
  }
  if (!grammar.has(kind)) return union([value, tracer.unknown()]);
  const isWhole = wrappers.has(kind) || value.constant !== true;
  return isWhole ? value : { sources: value.sources, opaque: value.opaque };
};

/** What a part of the tree depends on: data flow and control flow alike. Columns that it compares are told to the tracer. */
export const expression = (branch: Branch, scope: TraceScope, tracer: Tracer): Value => {
  if (typeof branch !== 'object' || branch === null) return constant;
  if (!tracer.step()) return { ...everythingIn(scope, tracer), opaque: true };
  if (Array.isArray(branch)) {
    const parts = (branch as readonly Branch[]).map((part) => expression(part, scope, tracer));
    return parts.length === 1 ? parts[0]! : union(parts);
  }
  const entries = Object.entries(branch as Tree);
  const [first] = entries;
  if (entries.length === 1 && first && isTree(first[1]) && /^[A-Z]/.test(first[0]))
    return node(first[0], first[1], scope, tracer);
  return children('', branch as Tree, scope, tracer);
};

/** An expression whose value is shown: where one part of it may raise an error, another may decide whether it does. */
export const shown = (branch: Branch, scope: TraceScope, tracer: Tracer): Value => {
  const before = tracer.hazards;
  const value = expression(branch, scope, tracer);
  const isSubquery = isTree(branch) && textAt(treeAt(branch, 'SubLink'), 'subLinkType') === 'EXPR_SUBLINK';
  if (tracer.hazards > before && !isSubquery) tracer.probe(value);
  return value;
};

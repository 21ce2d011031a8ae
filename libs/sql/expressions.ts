import { readField, readReference, rowNamed } from './columns.js';
import { judgeCall, judgeField, judgeOperator, judgeSyntax, judgeType } from './names.js';
import type { Scope } from './scope.js';
import { listAt, namesAt, namesOf, nodeOf, type Tree, textAt, treeAt } from './tree.js';
import type { Handler, Walk } from './walk.js';

const call: Handler = (body, scope, walk) => {
  judgeCall(namesAt(body, 'funcname'), listAt(body, 'args'), walk.names);
  walk.fields('FuncCall', body, scope, ['funcname']);
};

const operator: Handler = (body, scope, walk) => {
  judgeOperator(namesAt(body, 'name'), walk.names);
  if ((textAt(body, 'kind') ?? '').includes('BETWEEN'))
    for (const name of ['<=', '>=']) judgeOperator([name], walk.names);
  walk.fields('A_Expr', body, scope, ['name']);
};

/** `CASE x WHEN y` compares. */
const choice: Handler = (body, scope, walk) => {
  if (body['arg'] !== undefined) judgeOperator(['='], walk.names);
  walk.fields('CaseExpr', body, scope);
};

const jsonFunctions: Readonly<Record<string, readonly string[]>> = {
  JsonObjectConstructor: ['json_object'],
  JsonArrayConstructor: ['json_array'],
  JsonArrayQueryConstructor: ['json_array'],
  JsonParseExpr: ['json'],
  JsonScalarExpr: ['json_scalar'],
  JsonSerializeExpr: ['json_serialize'],
  JsonFuncExpr: ['json_query', 'json_exists', 'json_value'],
  JsonObjectAgg: ['json_objectagg'],
  JsonArrayAgg: ['json_arrayagg'],
  MergeSupportFunc: ['merge_action'],
};

const syntax =
  (kind: string, functions: readonly string[]): Handler =>
  (body, scope, walk) => {
    for (const name of functions) judgeSyntax(name, walk.names);
    walk.fields(kind, body, scope);
  };

/** SYSTEM_USER is a column's name before PostgreSQL 16. */
const valueFunction: Handler = (body, scope, walk) => {
  const isName = textAt(body, 'op') === 'SVFOP_SYSTEM_USER' || !('op' in body);
  const version = walk.names.index?.catalogue.serverVersion ?? 0;
  if (isName && version < 160_000) readReference(['system_user'], scope, walk.names);
};

const fieldsOf = (body: Tree): string[] =>
  namesOf(listAt(body, 'indirection').filter((one) => 'String' in one || 'A_Star' in one));

/** `(alias).column` reads that column; any other `(expression).name` reads the expression and may call a function. */
const indirection: Handler = (body, scope, walk) => {
  const [first, ...rest] = fieldsOf(body);
  const reference = namesAt(treeAt(treeAt(body, 'arg'), 'ColumnRef'), 'fields');
  const row = reference.length === 1 && first !== undefined ? rowNamed(reference[0] ?? '', scope) : undefined;
  if (row && first !== undefined) readField(row, first, walk.names);
  else if (first !== undefined && first !== '*') judgeField(first, walk.names);
  for (const field of rest) if (field !== '*') judgeField(field, walk.names);
  if (!row) walk.visit(body['arg'], scope);
  for (const one of listAt(body, 'indirection')) if ('A_Indices' in one) walk.visit(one, scope);
};

const type: Handler = (body, scope, walk) => {
  judgeType(body, walk.names);
  walk.visit(body['typmods'], scope);
};

const subLink: Handler = (body, scope, walk) => {
  const names = namesAt(body, 'operName');
  const compares = textAt(body, 'subLinkType') === 'ANY_SUBLINK' && names.length === 0;
  if (names.length > 0 || compares) judgeOperator(compares ? ['='] : names, walk.names);
  walk.fields('SubLink', body, scope, ['operName']);
};

const sortBy: Handler = (body, scope, walk) => {
  const names = namesAt(body, 'useOp');
  if (names.length > 0) judgeOperator(names, walk.names);
  walk.fields('SortBy', body, scope, ['useOp']);
};

const collate: Handler = (body, scope, walk) => walk.visit(body['arg'], scope);

const target: Handler = (body, scope, walk) => walk.fields('ResTarget', body, scope, ['name']);

export const expressionHandlers: Readonly<Record<string, Handler>> = {
  FuncCall: call,
  A_Expr: operator,
  CaseExpr: choice,
  SQLValueFunction: valueFunction,
  ...Object.fromEntries(Object.entries(jsonFunctions).map(([kind, names]) => [kind, syntax(kind, names)])),
  A_Indirection: indirection,
  TypeName: type,
  SubLink: subLink,
  SortBy: sortBy,
  CollateClause: collate,
  ResTarget: target,
  ColumnRef: (body, scope, walk) => readReference(namesAt(body, 'fields'), scope, walk.names),
  // Names alone, nothing to read.
  A_Star: () => undefined,
  Alias: () => undefined,
  RoleSpec: () => undefined,
};

const namedKinds: Readonly<Record<string, (body: Tree, scope: Scope) => string | undefined>> = {
  ColumnRef: (body) => namesAt(body, 'fields').at(-1),
  FuncCall: (body) => namesAt(body, 'funcname').at(-1),
  A_Indirection: (body, scope) => fieldsOf(body).at(-1) ?? outputName(treeAt(body, 'arg'), scope),
  TypeCast: (body, scope) => {
    const inner = outputName(treeAt(body, 'arg'), scope);
    return inner === undefined || inner === '?column?' ? namesAt(treeAt(body, 'typeName'), 'names').at(-1) : inner;
  },
  CollateClause: (body, scope) => outputName(treeAt(body, 'arg'), scope),
  CoalesceExpr: () => 'coalesce',
  MinMaxExpr: (body) => (textAt(body, 'op') === 'IS_LEAST' ? 'least' : 'greatest'),
  RowExpr: () => 'row',
  A_ArrayExpr: () => 'array',
  A_Const: () => '?column?',
  ParamRef: () => '?column?',
  BoolExpr: () => '?column?',
  NullTest: () => '?column?',
  BooleanTest: () => '?column?',
};

/** The name that PostgreSQL gives an output without AS (parse_target.c, FigureColname); undefined where not told here. */
export const outputName = (node: Tree | undefined, scope: Scope): string | undefined => {
  const found = nodeOf(node);
  return found && namedKinds[found[0]]?.(found[1], scope);
};

const starNames = (fields: readonly string[], scope: Scope): readonly string[] | undefined => {
  const items = fields.length === 1 ? scope.items : scope.items.filter(({ alias }) => alias === fields.at(-2));
  return items.length === 0 || items.some(({ open }) => open)
    ? undefined
    : items.flatMap(({ columns }) => [...columns.keys()]);
};

const namesOfTarget = (node: Tree, scope: Scope): readonly string[] | undefined => {
  const body = treeAt(node, 'ResTarget');
  const given = textAt(body, 'name');
  if (given !== undefined) return [given];
  const fields = namesAt(treeAt(treeAt(body, 'val'), 'ColumnRef'), 'fields');
  if (fields.at(-1) === '*') return starNames(fields, scope);
  const name = outputName(treeAt(body, 'val'), scope);
  return name === undefined || name === '*' ? undefined : [name];
};

/** Visible columns of a target list; undefined where not all of them are known. */
export const outputNamesOf = (targets: readonly Tree[], scope: Scope): readonly string[] | undefined => {
  const all = targets.map((node) => namesOfTarget(node, scope));
  return all.some((names) => names === undefined) ? undefined : all.flatMap((names) => names ?? []);
};

export const visitAll = (walk: Walk, body: Tree, fields: readonly string[], scope: Scope): void => {
  for (const field of fields) walk.visit(body[field], scope);
};

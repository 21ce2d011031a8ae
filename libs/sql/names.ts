import { builtInTypes } from './built-in-functions.js';
import { type Fn, isTrusted, qualify, type Relation } from './catalogue.js';
import type { CatalogueIndex } from './catalogue-index.js';
import type { SqlSession } from './description.js';
import type { Draft } from './draft.js';
import { extensionFlags, isBuiltIn, judgeBuiltIn } from './functions.js';
import { namesAt, type Tree, textAt } from './tree.js';

/** Names as one statement sees them. What the catalogue does not explain is noted in the draft as unresolved. */
export interface Names {
  readonly index?: CatalogueIndex;
  readonly session: SqlSession;
  readonly draft: Draft;
}

/** pg_catalog is searched first unless the path places it; a temporary schema is asked about apart. */
const effectivePath = ({ catalogue: { searchPath } }: CatalogueIndex): readonly string[] =>
  searchPath.includes('pg_catalog') ? searchPath : ['pg_catalog', ...searchPath];

const candidatesOf = (schema: string | undefined, name: string, names: Names): readonly Relation[] => {
  const { index } = names;
  const all = index?.relationsByName.get(name) ?? [];
  if (!index || schema !== undefined) return all.filter((relation) => relation.schema === schema);
  if (!names.session.searchPathCertain) return all;
  for (const candidate of effectivePath(index)) {
    const found = all.filter((relation) => relation.schema === candidate);
    if (found.length > 0) return found;
  }
  return [];
};

const isTemporary = (name: string, { session: { temporary } }: Names): boolean =>
  temporary === 'any' || temporary?.has(name) === true;

export interface RelationName {
  readonly catalog?: string;
  readonly schema?: string;
  readonly name: string;
}

export const relationNameOf = (rangeVar: Tree): RelationName => {
  const [catalog, schema] = [textAt(rangeVar, 'catalogname'), textAt(rangeVar, 'schemaname')];
  return { ...(catalog && { catalog }), ...(schema && { schema }), name: textAt(rangeVar, 'relname') ?? '' };
};

export const written = ({ catalog, schema, name }: RelationName): string =>
  qualify(...[catalog, schema, name].filter((part) => part !== undefined));

/** @returns every relation that the name may mean; none where nothing is known, which is noted */
export const resolveRelation = (relation: RelationName, names: Names): readonly Relation[] => {
  const { catalog, schema, name } = relation;
  const elsewhere = catalog !== undefined && catalog !== names.index?.catalogue.database;
  const found = elsewhere ? [] : candidatesOf(schema, name, names);
  const shadowed = schema === undefined && isTemporary(name, names);
  if (found.length === 0 || shadowed || names.session.catalogueStale) names.draft.miss(written(relation));
  return found;
};

const inReach = (schema: string, { index, session }: Names): boolean =>
  !session.searchPathCertain ||
  schema === 'pg_catalog' || // searched whether or not it is listed
  /^pg_temp/.test(schema) || // and so is the session's own temporary schema, for types
  (index?.catalogue.searchPath.includes(schema) ?? true);

const judgeUser = (fns: readonly Fn[], written: string, { draft }: Names): void => {
  draft.flags.add('user-function');
  for (const fn of fns) {
    draft.functions.add(qualify(fn.schema, fn.name));
    if (isTrusted(fn)) continue;
    draft.flags.add(fn.volatility === 'v' ? 'volatile-function' : 'unknown-function');
    const known = draft.effects.runsCode;
    draft.conceal('unknown-function', ...extensionFlags(fn.name));
    // What an extension has in C may do anything, but defines and prepares nothing in the session.
    if (fn.language === 'c' && fn.extension !== undefined && known === undefined) delete draft.effects.runsCode;
  }
  if (fns.length > 0) return;
  draft.functions.add(written);
  draft.conceal('unknown-function', ...extensionFlags(written.slice(written.lastIndexOf('.') + 1)));
};

/** Unqualified: a user function in reach may win by its argument types even where pg_catalog comes first. */
const judgeUnqualified = (name: string, args: readonly Tree[], names: Names): void => {
  const { index, draft } = names;
  if (!index || names.session.catalogueStale) draft.miss(`${name}()`);
  const rivals = (index?.functionsByName.get(name) ?? []).filter(({ schema }) => inReach(schema, names));
  if (isBuiltIn(name)) judgeBuiltIn(name, args, draft);
  if (rivals.length > 0 || !isBuiltIn(name)) judgeUser(rivals, name, names);
};

/** Judges a call by the parts of its name. */
export const judgeCall = (parts: readonly string[], args: readonly Tree[], names: Names): void => {
  const name = parts.at(-1) ?? '';
  const schema = parts.at(-2);
  if (schema === undefined) {
    judgeUnqualified(name, args, names);
    return;
  }
  const listed = (names.index?.functionsByName.get(name) ?? []).filter((fn) => fn.schema === schema);
  // Extensions put functions into pg_catalog too (adminpack); the catalogue lists those.
  if (schema === 'pg_catalog' && listed.length === 0) {
    judgeBuiltIn(name, args, names.draft);
    return;
  }
  if (schema === 'information_schema' && name.startsWith('_pg_')) names.draft.functions.add(qualify(schema, name));
  else judgeUser(names.session.catalogueStale ? [] : listed, qualify(...parts), names);
};

/** `(row).name` and `alias.name` call a function of that name where there is no such column. */
export const judgeField = (name: string, names: Names): void => {
  if (isBuiltIn(name) || names.index?.functionsByName.has(name) === true || !names.index) judgeCall([name], [], names);
};

/** Syntax that is a function call in servers whose grammar does not know it yet: their users may have such functions. */
export const judgeSyntax = (name: string, names: Names): void => {
  const fns = (names.index?.functionsByName.get(name) ?? []).filter(({ schema }) => inReach(schema, names));
  if (fns.length > 0) judgeUser(fns, name, names);
};

/** An operator is a function call under another name. */
export const judgeOperator = (parts: readonly string[], names: Names): void => {
  const name = parts.at(-1) ?? '';
  const schema = parts.at(-2);
  if (schema === undefined) {
    if (names.session.catalogueStale) names.draft.miss(`operator ${name}`);
    const schemas = names.index?.operatorSchemas.get(name) ?? [];
    if (!schemas.some((one) => inReach(one, names))) return;
  } else if (schema === 'pg_catalog') return;
  names.draft.functions.add(`operator ${qualify(...parts.slice(0, -1))}${schema === undefined ? '' : '.'}${name}`);
  names.draft.conceal('unknown-function');
};

const writesCode = ({ hiddenCode }: Relation): boolean => hiddenCode?.includes('write') === true;

/** A cast of users' own is applied where a type is named, and an implicit one anywhere. */
export const judgeCasts = ({ index, draft }: Names, kind: 'implicit-cast' | 'explicit-cast'): void => {
  if (index?.catalogue.hiddenCode?.includes(kind)) draft.conceal('user-cast');
};

/** A type is code too: a domain's checks, a user's casts and input functions. */
export const judgeType = (typeName: Tree, names: Names): void => {
  judgeCasts(names, 'explicit-cast');
  const parts = namesAt(typeName, 'names');
  const name = parts.at(-1) ?? '';
  const schema = parts.at(-2);
  if (schema === 'pg_catalog' || schema === 'information_schema') return;
  const { index, draft } = names;
  const types = (index?.typesByName.get(name) ?? []).filter((type) =>
    schema === undefined ? inReach(type.schema, names) : type.schema === schema,
  );
  const isRow = index?.relationsByName.has(name) === true;
  const isOfSystem = schema === undefined && (builtInTypes.has(name) || name === 'serial' || name === 'bigserial');
  if (names.session.catalogueStale && schema === undefined) draft.miss(`type ${name}`);
  const isCode =
    types.some(({ runsCode }) => runsCode) || (isRow && index?.relationsByName.get(name)?.some(writesCode));
  if (isCode) draft.conceal('user-type');
  else if (types.length === 0 && !isRow && !isOfSystem) draft.miss(`type ${qualify(...parts)}`);
};

import type { CopyDescription } from './description.js';
import type { Draft } from './draft.js';
import { relationItem } from './from.js';
import { readColumns } from './relations.js';
import { isRowChange, rowChange, targetItem } from './row-changes.js';
import { emptyScope, type ScopeItem, scopeIn } from './scope.js';
import { select } from './select.js';
import { constantOf, listAt, namesAt, nodeOf, type Tree, textAt, treeAt } from './tree.js';
import type { Handler, Walk } from './walk.js';

const optionsOf = (body: Tree): Map<string, Tree> =>
  new Map(
    listAt(body, 'options').flatMap((node) => {
      const option = treeAt(node, 'DefElem');
      return option ? [[textAt(option, 'defname')?.toLowerCase() ?? '', option] as const] : [];
    }),
  );

const formatOf = (options: Map<string, Tree>): 'text' | 'csv' | 'binary' | undefined => {
  const format = options.has('format') ? constantOf(treeAt(options.get('format'), 'arg'))?.toLowerCase() : 'text';
  return format === 'text' || format === 'csv' || format === 'binary' ? format : undefined;
};

const knownOptions = new Set([
  'format',
  'delimiter',
  'null',
  'header',
  'quote',
  'escape',
  'force_quote',
  'force_not_null',
  'force_null',
  'freeze',
  'default',
  'on_error',
  'log_verbosity',
  'reject_limit',
  'encoding',
]);

/** In some encodings a byte of a character looks like a delimiter: then no field can be told from another. */
const otherEncoding = (options: Map<string, Tree>): boolean => {
  const encoding = constantOf(treeAt(options.get('encoding'), 'arg'))?.toLowerCase();
  return options.has('encoding') && !['utf8', 'utf-8', 'unicode'].includes(encoding ?? '');
};

/** Options change how the bytes read: one that is not known here, or another encoding, leaves them not understood. */
const judgeOptions = (options: Map<string, Tree>, draft: Draft): void => {
  if (otherEncoding(options)) draft.raise('privilege', 'copy-encoding');
  for (const name of options.keys()) if (!knownOptions.has(name)) draft.raise('unknown', 'unknown-syntax');
};

const off = new Set(['false', '0', 'off', 'no']);

const describeFields = (body: Tree, item: ScopeItem | undefined): Pick<CopyDescription, 'relation' | 'columns'> => {
  const [relation, ...others] = item?.relations ?? [];
  const listed = namesAt(body, 'attlist');
  if (!relation || others.length > 0) return listed.length > 0 ? { columns: listed } : {};
  const columns = listed.length > 0 ? listed : relation.columns.filter(({ from }) => !from).map(({ name }) => name);
  return { relation: { oid: relation.oid, schema: relation.schema, name: relation.name }, columns };
};

const noteBytes = (body: Tree, options: Map<string, Tree>, item: ScopeItem | undefined, draft: Draft): void => {
  const format = formatOf(options);
  const value = (name: string, otherwise: string): string => constantOf(treeAt(options.get(name), 'arg')) ?? otherwise;
  if (format === undefined) {
    draft.raise('unknown', 'unknown-syntax');
    return;
  }
  const quote = value('quote', '"');
  draft.copies.push({
    direction: body['is_from'] === true ? 'in' : 'out',
    format,
    ...(otherEncoding(options) ? {} : describeFields(body, item)),
    header: options.has('header') && !off.has(value('header', 'true').toLowerCase()),
    delimiter: value('delimiter', format === 'csv' ? ',' : '\t'),
    null: value('null', format === 'csv' ? '' : '\\N'),
    quote,
    escape: value('escape', quote),
  });
};

const copyQuery = (body: Tree, walk: Walk): void => {
  const [kind, query] = nodeOf(treeAt(body, 'query')) ?? [];
  if (!query || kind === undefined) return;
  if (kind === 'SelectStmt') select(query, undefined, walk);
  else if (isRowChange(kind)) rowChange(kind, query, undefined, walk);
  else walk.draft.raise('unknown', 'unknown-syntax', `syntax:COPY ${kind}`);
};

const copyRelation = (body: Tree, walk: Walk): ScopeItem | undefined => {
  const relation = treeAt(body, 'relation');
  if (!relation) return undefined;
  const item = body['is_from'] === true ? targetItem(body, walk) : relationItem(relation, walk);
  const listed = namesAt(body, 'attlist');
  const columns = listed.length > 0 ? listed : [...item.columns.keys()];
  const { index } = walk.names;
  for (const one of item.relations) {
    if (body['is_from'] === true) walk.draft.touch(one, { assigned: columns });
    else if (index) readColumns(one, columns, index, walk.draft);
  }
  walk.visit(body['whereClause'], scopeIn(undefined, emptyScope.ctes, [item]));
  return item;
};

/** COPY in either direction; a program or a file of the server is a privilege whichever way the rows go. */
export const copy: Handler = (body, _scope, walk) => {
  const { draft } = walk;
  const options = optionsOf(body);
  draft.act('copy', body['is_from'] === true ? 'write' : 'read');
  judgeOptions(options, draft);
  const item = copyRelation(body, walk);
  copyQuery(body, walk);
  if (body['is_program'] === true) draft.raise('privilege', 'program');
  else if (textAt(body, 'filename') !== undefined) draft.raise('privilege', 'server-file');
  else noteBytes(body, options, item, draft);
};

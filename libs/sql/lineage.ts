import type { Catalogue } from './catalogue.js';
import { indexOf } from './catalogue-index.js';
import type { SqlSession } from './description.js';
import { Draft } from './draft.js';
import { insert, merge, remove, update } from './lineage-changes.js';
import { relationColumns } from './lineage-from.js';
import { select } from './lineage-select.js';
import { type Column, type Lineage, sourcesOf, Tracer } from './lineage-tracer.js';
import { parse } from './parser.js';
import { namesAt, nodeOf, type Tree, textAt, treeAt } from './tree.js';

/** What a session has prepared and declared, for EXECUTE and FETCH. */
export type Recalled = Pick<SqlSession, 'prepared' | 'cursors'>;

type Trace = (body: Tree, tracer: Tracer, recalled: Recalled) => readonly Column[] | undefined;

const maxDepth = 8;

const inner = (node: Tree | undefined, tracer: Tracer, recalled: Recalled): readonly Column[] | undefined => {
  const [kind, body] = nodeOf(node) ?? [];
  const trace = kind === undefined ? undefined : traces[kind];
  return trace && body ? trace(body, tracer, recalled) : undefined;
};

/** Estimates come from what the planner knows of the values: the whole statement is a condition then. */
const explain: Trace = (body, tracer, recalled) => {
  const columns = inner(treeAt(body, 'query'), tracer, recalled) ?? [];
  for (const column of columns) tracer.probe(column);
  return [{ name: 'QUERY PLAN', sources: tracer.everything(), opaque: columns.some(({ opaque }) => opaque) }];
};

const recall = (text: string | undefined, tracer: Tracer, recalled: Recalled): readonly Column[] | undefined => {
  const parsed = text === undefined || tracer.depth >= maxDepth ? undefined : parse(text);
  if (!parsed || !('statements' in parsed) || parsed.statements.length !== 1) return undefined;
  const [kind, body] = nodeOf(parsed.statements[0]?.node) ?? [];
  const holds = kind === 'PrepareStmt' || kind === 'DeclareCursorStmt';
  tracer.depth += 1;
  return inner(holds ? treeAt(body, 'query') : parsed.statements[0]?.node, tracer, recalled);
};

const copy: Trace = (body, tracer, recalled) => {
  const relation = treeAt(body, 'relation');
  if (relation === undefined) return inner(treeAt(body, 'query'), tracer, recalled);
  if (body['is_from'] === true) return [];
  const listed = namesAt(body, 'attlist');
  const columns = relationColumns(relation, tracer);
  if (listed.length === 0) return columns?.filter(({ generated }) => generated !== true);
  return listed.map((name) => columns?.find((column) => column.name === name) ?? { name, ...tracer.unknown() });
};

const traces: Readonly<Record<string, Trace>> = {
  SelectStmt: (body, tracer) => (treeAt(body, 'intoClause') ? stored(body, tracer) : select(body, undefined, tracer)),
  InsertStmt: (body, tracer) => insert(body, undefined, tracer),
  UpdateStmt: (body, tracer) => update(body, undefined, tracer),
  DeleteStmt: (body, tracer) => remove(body, undefined, tracer),
  MergeStmt: (body, tracer) => merge(body, undefined, tracer),
  ExplainStmt: explain,
  CopyStmt: copy,
  DeclareCursorStmt: (body, tracer, recalled) => inner(treeAt(body, 'query'), tracer, recalled) && [],
  PrepareStmt: () => [],
  ExecuteStmt: (body, tracer, recalled) => recall(recalled.prepared.get(textAt(body, 'name') ?? ''), tracer, recalled),
  FetchStmt: (body, tracer, recalled) => {
    const columns = recall(recalled.cursors?.get(textAt(body, 'portalname') ?? ''), tracer, recalled);
    return body['ismove'] === true ? columns && [] : columns;
  },
  CreateTableAsStmt: (body, tracer, recalled) => {
    for (const column of inner(treeAt(body, 'query'), tracer, recalled) ?? []) tracer.store(undefined, column);
    return [];
  },
};

/** SELECT INTO: what is shown is stored in a table that has no rules yet. */
const stored = (body: Tree, tracer: Tracer): readonly Column[] => {
  for (const column of select(body, undefined, tracer)) tracer.store(undefined, column);
  return [];
};

const nothingKnown: Lineage = { outputs: undefined, probed: [], lookedUp: [], stored: [], computed: [] };

/**
 * Where each output column of one statement comes from, and by which columns a client could learn without being shown.
 * Pure. What is not understood has `outputs` undefined, or outputs that are `opaque`; columns in sight then count as read.
 */
export const lineageOf = (node: Tree, catalogue: Catalogue | undefined, session: SqlSession): Lineage => {
  if (catalogue === undefined) return nothingKnown;
  const tracer = new Tracer({ index: indexOf(catalogue), session, draft: new Draft() });
  const columns = inner(node, tracer, session);
  const lookedUp = tracer.lookedUp();
  const told = tracer.incomplete ? undefined : columns;
  return {
    outputs: told?.map(({ name, sources, bare, opaque, constant }) => ({
      name,
      sources: sourcesOf(sources),
      opaque,
      ...(bare !== undefined && { bare: sourcesOf([bare])[0]! }),
      ...(constant === true && { constant }),
    })),
    probed: tracer.probed(),
    lookedUp,
    stored: tracer.stored,
    computed: tracer.computed(),
    ...(tracer.incomplete && { incomplete: true }),
  };
};

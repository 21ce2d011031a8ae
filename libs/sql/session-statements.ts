import { createRelation } from './creation.js';
import { relationItem } from './from.js';
import { parse } from './parser.js';
import { referringTo, writeRelation } from './relations.js';
import { rowChange } from './row-changes.js';
import { emptyScope } from './scope.js';
import { select } from './select.js';
import { judgeSetting } from './settings.js';
import { bodiesAt, constantOf, listAt, nodeOf, type Tree, textAt, treeAt } from './tree.js';
import type { Handler, Walk } from './walk.js';

/** A statement inside another one. */
const inner = (node: Tree | undefined, walk: Walk): void => {
  const [kind, body] = nodeOf(node) ?? [];
  if (!body || kind === undefined) return;
  walk.statement(kind, body);
};

const isOff = (option: Tree): boolean => {
  const value = constantOf(treeAt(option, 'arg'))?.toLowerCase();
  return value !== undefined && ['false', 'off', 'no', '0'].includes(value);
};

const explain: Handler = (body, _scope, walk) => {
  const options = bodiesAt(body, 'options', 'DefElem');
  const analyses = options.some((option) => textAt(option, 'defname')?.toLowerCase() === 'analyze' && !isOff(option));
  walk.draft.act('explain', 'read', analyses ? 'explain-analyze' : 'explain');
  const before = walk.draft.planned;
  if (!analyses) walk.draft.planned = 'explain';
  inner(treeAt(body, 'query'), walk);
  walk.draft.planned = before;
};

/** Preparing does nothing yet; the statement is described, and its risk counts when it is executed. */
const prepare: Handler = (body, _scope, walk) => {
  const { draft } = walk;
  draft.act('prepare', 'read', 'prepare');
  draft.effects.prepares = [{ name: textAt(body, 'name') ?? '', text: walk.around.text }];
  walk.visit(body['argtypes'], emptyScope);
  draft.planned = 'prepare';
  inner(treeAt(body, 'query'), walk);
  draft.planned = undefined;
};

const maxDepth = 8;

/** What stands behind a name of the session: the statement that was prepared, or the cursor's query. */
const recalled = (text: string | undefined, kind: 'PrepareStmt' | 'DeclareCursorStmt'): Tree | undefined => {
  const parsed = text === undefined ? undefined : parse(text);
  if (!parsed || !('statements' in parsed) || parsed.statements.length !== 1) return undefined;
  const [found, body] = nodeOf(parsed.statements[0]?.node) ?? [];
  return found === kind ? treeAt(body, 'query') : parsed.statements[0]?.node;
};

const execute: Handler = (body, scope, walk) => {
  const { draft, around } = walk;
  const name = textAt(body, 'name') ?? '';
  const statement = recalled(around.prepared.get(name), 'PrepareStmt');
  draft.act('execute', 'read', 'execute');
  walk.visit(body['params'], scope);
  if (statement && around.depth < maxDepth) inner(statement, walk.deeper());
  else draft.conceal('unknown-prepared');
};

const cursorOptions = { hold: 0x0020 };

const declare: Handler = (body, _scope, walk) => {
  const name = textAt(body, 'portalname') ?? '';
  walk.draft.act('declare', 'read', 'cursor');
  walk.draft.effects.declares = [{ name, text: walk.around.text }];
  const options = body['options'];
  if (typeof options === 'number' && (options & cursorOptions.hold) !== 0) walk.draft.flags.add('cursor-hold');
  inner(treeAt(body, 'query'), walk);
};

const fetch: Handler = (body, _scope, walk) => {
  const query = recalled(walk.around.cursors.get(textAt(body, 'portalname') ?? ''), 'DeclareCursorStmt');
  walk.draft.act(body['ismove'] === true ? 'move' : 'fetch', 'read', 'cursor');
  if (query && walk.around.depth < maxDepth) inner(query, walk.deeper());
  else walk.draft.conceal('unknown-cursor');
};

const closePortal: Handler = (body, _scope, walk) => {
  const name = textAt(body, 'portalname');
  walk.draft.act('close', 'read', 'cursor');
  walk.draft.effects.closes = name === undefined ? 'all' : [name];
};

const deallocate: Handler = (body, _scope, walk) => {
  const name = textAt(body, 'name');
  walk.draft.act('deallocate', 'read', 'prepare');
  walk.draft.effects.deallocates = name === undefined ? 'all' : [name];
};

const transactionVerbs: Readonly<Record<string, string>> = {
  TRANS_STMT_BEGIN: 'begin',
  TRANS_STMT_START: 'begin',
  TRANS_STMT_COMMIT: 'commit',
  TRANS_STMT_ROLLBACK: 'rollback',
  TRANS_STMT_SAVEPOINT: 'savepoint',
  TRANS_STMT_RELEASE: 'release',
  TRANS_STMT_ROLLBACK_TO: 'rollback',
};

/** `READ WRITE` lifts what the role's own default may forbid. */
const allowsWrites = (body: Tree, field: string): boolean =>
  bodiesAt(body, field, 'DefElem').some(
    (option) => textAt(option, 'defname') === 'transaction_read_only' && isOff(option),
  );

/** Two-phase commit outlives the session and can be finished by another one. */
const transaction: Handler = (body, _scope, walk) => {
  const verb = transactionVerbs[textAt(body, 'kind') ?? ''];
  walk.draft.effects.transaction = true;
  if (allowsWrites(body, 'options')) walk.draft.raise('privilege', 'setting');
  if (verb === undefined) walk.draft.act('prepare transaction', 'privilege', 'transaction-control', 'two-phase');
  else walk.draft.act(verb, 'read', 'transaction-control');
};

const settingValue = (body: Tree): string | undefined => {
  const args = listAt(body, 'args').map((node) => constantOf(node));
  return args.some((value) => value === undefined) ? '' : args.join(',');
};

const set: Handler = (body, _scope, walk) => {
  const { draft } = walk;
  const [kind, name] = [textAt(body, 'kind') ?? '', textAt(body, 'name')];
  draft.verbs.add(kind.startsWith('VAR_RESET') ? 'reset' : 'set');
  if (kind === 'VAR_SET_MULTI') {
    draft.effects.transaction = true;
    const isLess = name === 'TRANSACTION' && !allowsWrites(body, 'args');
    return draft.raise(isLess ? 'read' : 'privilege', 'transaction-control');
  }
  if (kind === 'VAR_RESET_ALL') {
    draft.effects.changesSearchPath = true;
    draft.effects.settings = ['all'];
    return;
  }
  // SET TIME ZONE INTERVAL '…' and its like are no constants: harmless where any value is.
  judgeSetting({ name, value: kind === 'VAR_SET_VALUE' ? settingValue(body) : undefined }, draft);
};

const discard: Handler = (body, _scope, walk) => {
  const { draft } = walk;
  draft.act('discard', 'read', 'discard');
  draft.effects.settings = ['all'];
  if (textAt(body, 'target') !== 'DISCARD_ALL') return;
  Object.assign(draft.effects, { deallocates: 'all', closes: 'all', changesSearchPath: true });
};

const lock: Handler = (body, _scope, walk) => {
  walk.draft.act('lock', 'write', 'lock');
  walk.draft.effects.locks = true;
  for (const node of listAt(body, 'relations')) relationItem(treeAt(node, 'RangeVar') ?? {}, walk);
};

const refresh: Handler = (body, _scope, walk) => {
  const { index } = walk.names;
  walk.draft.act('refresh', 'write');
  const item = relationItem(treeAt(body, 'relation') ?? {}, walk);
  // Runs the view's query, its functions included.
  if (index)
    for (const one of item.relations) {
      walk.draft.touch(one, { written: true });
      if ((one.usesFunctions ?? []).length > 0) walk.draft.conceal('unknown-function');
    }
};

const createAs: Handler = (body, _scope, walk) => {
  walk.draft.act('create', 'write');
  createRelation(treeAt(treeAt(body, 'into'), 'rel') ?? {}, walk);
  inner(treeAt(body, 'query'), walk);
};

const view: Handler = (body, _scope, walk) => {
  walk.draft.act('create', 'write');
  createRelation(treeAt(body, 'view') ?? {}, walk);
  inner(treeAt(body, 'query'), walk);
};

const truncate: Handler = (body, _scope, walk) => {
  const { index, draft } = walk.names;
  draft.act('truncate', 'destructive');
  for (const node of listAt(body, 'relations')) {
    const item = relationItem(treeAt(node, 'RangeVar') ?? {}, walk);
    if (!index) continue;
    for (const one of item.relations) writeRelation(one, index, draft);
    if (textAt(body, 'behavior') !== 'DROP_CASCADE') continue;
    for (const one of referringTo(item.relations, index, { all: true })) draft.touch(one, { written: true });
  }
};

const act =
  (verb: string, flag: string, risk: 'read' | 'write' = 'read'): Handler =>
  (_body, _scope, walk) =>
    walk.draft.act(verb, risk, flag);

/** Statements about data and the session. */
export const sessionStatements: Readonly<Record<string, Handler>> = {
  SelectStmt: (body, scope, walk) => {
    walk.draft.act('select', 'read');
    select(body, scope, walk);
  },
  ...Object.fromEntries(
    ['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt'].map((kind): [string, Handler] => [
      kind,
      (body, _scope, walk) => void rowChange(kind, body, undefined, walk),
    ]),
  ),
  ExplainStmt: explain,
  PrepareStmt: prepare,
  ExecuteStmt: execute,
  DeallocateStmt: deallocate,
  DeclareCursorStmt: declare,
  FetchStmt: fetch,
  ClosePortalStmt: closePortal,
  TransactionStmt: transaction,
  VariableSetStmt: set,
  VariableShowStmt: act('show', 'show'),
  DiscardStmt: discard,
  ListenStmt: (_body, _scope, walk) => {
    walk.draft.act('listen', 'read', 'listen');
    walk.draft.effects.listens = true;
  },
  UnlistenStmt: act('unlisten', 'listen'),
  NotifyStmt: act('notify', 'notify', 'write'),
  ConstraintsSetStmt: (_body, _scope, walk) => {
    walk.draft.act('set constraints', 'read', 'transaction-control');
    walk.draft.effects.transaction = true;
  },
  LockStmt: lock,
  RefreshMatViewStmt: refresh,
  CreateTableAsStmt: createAs,
  ViewStmt: view,
  TruncateStmt: truncate,
};

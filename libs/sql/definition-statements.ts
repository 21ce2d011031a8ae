import type { Risk } from '@sallyport/core';
import { createRelation } from './creation.js';
import { fromItem, relationItem } from './from.js';
import { relationNameOf, resolveRelation, written } from './names.js';
import { writeRelation } from './relations.js';
import { derived, type Scope, scopeIn } from './scope.js';
import {
  type Branch,
  bodiesAt,
  constantOf,
  isTree,
  listAt,
  namesAt,
  namesOf,
  nodeOf,
  type Tree,
  textAt,
  treeAt,
} from './tree.js';
import type { Handler, Walk } from './walk.js';

/** Definitions name columns of tables that may not exist yet: any name goes. */
const anyColumn = (): Scope => scopeIn(undefined, new Map(), [derived(undefined, undefined)]);

const writeNamed = (rangeVar: Tree, walk: Walk): void => {
  const { index, draft } = walk.names;
  const name = relationNameOf(rangeVar);
  const found = resolveRelation(name, walk.names);
  if (found.length === 0) draft.name(written(name), true);
  if (index) for (const one of found) writeRelation(one, index, draft);
};

/** Every relation named anywhere inside, for statements that are not walked in depth. */
const rangeVarsIn = (branch: Branch): Tree[] => {
  if (Array.isArray(branch)) return (branch as readonly Branch[]).flatMap(rangeVarsIn);
  if (!isTree(branch)) return [];
  return [...(typeof branch['relname'] === 'string' ? [branch] : []), ...Object.values(branch).flatMap(rangeVarsIn)];
};

const noteNames = (body: Tree, walk: Walk): void => {
  const { index, draft } = walk.names;
  for (const rangeVar of rangeVarsIn(body)) {
    const name = relationNameOf(rangeVar);
    const found = index?.relationsByName.has(name.name) ? resolveRelation(name, walk.names) : [];
    if (found.length === 0) draft.name(written(name), true);
    for (const one of found) draft.touch(one, { written: true });
  }
};

/** A statement that changes definitions and whose expressions are walked like any other. */
const define =
  (verb: string, kind: string, except: readonly string[] = []): Handler =>
  (body, _scope, walk) => {
    walk.draft.act(verb, 'write');
    walk.draft.effects.ddl = true;
    walk.fields(kind, body, anyColumn(), except);
  };

/** A statement that is not walked: its risk is its kind's, and it names what it names. */
const plainly =
  (verb: string, risk: Risk, ...flags: readonly string[]): Handler =>
  (body, _scope, walk) => {
    walk.draft.act(verb, risk, ...flags);
    walk.draft.effects.ddl = true;
    noteNames(body, walk);
  };

const createTable: Handler = (body, _scope, walk) => {
  walk.draft.act('create', 'write');
  createRelation(treeAt(body, 'relation') ?? {}, walk);
  for (const parent of listAt(body, 'inhRelations')) fromItem(parent, anyColumn(), walk);
  walk.fields('CreateStmt', body, anyColumn(), ['relation', 'inhRelations']);
};

const createIndex: Handler = (body, _scope, walk) => {
  walk.draft.act('create', 'write');
  walk.draft.effects.ddl = true;
  writeNamed(treeAt(body, 'relation') ?? {}, walk);
  walk.fields('IndexStmt', body, anyColumn(), ['relation']);
};

const createSequence: Handler = (body, _scope, walk) => {
  walk.draft.act('create', 'write');
  createRelation(treeAt(body, 'sequence') ?? {}, walk);
};

const writeSubcommands = new Set(
  `AddColumn ColumnDefault CookedColumnDefault DropNotNull SetNotNull SetStatistics SetOptions ResetOptions SetStorage
  SetCompression AddIndex AddConstraint ValidateConstraint AddIdentity SetIdentity ClusterOn DropCluster SetRelOptions
  ResetRelOptions AttachPartition ReplicaIdentity SetLogged AlterConstraint`
    .split(/\s+/)
    .map((name) => `AT_${name}`),
);
const destructiveSubcommands = new Set(
  `DropColumn DropConstraint AlterColumnType DropInherit DropOf DetachPartition DropIdentity DropExpression SetUnLogged
  SetExpression`
    .split(/\s+/)
    .map((name) => `AT_${name}`),
);
const privilegeSubcommands = new Set(
  `ChangeOwner EnableTrig EnableAlwaysTrig EnableReplicaTrig DisableTrig EnableTrigAll DisableTrigAll EnableTrigUser
  DisableTrigUser EnableRule EnableAlwaysRule EnableReplicaRule DisableRule AddInherit AddOf EnableRowSecurity
  DisableRowSecurity ForceRowSecurity NoForceRowSecurity GenericOptions SetTableSpace SetAccessMethod`
    .split(/\s+/)
    .map((name) => `AT_${name}`),
);

const subcommandRisk = (subtype: string): Risk => {
  if (writeSubcommands.has(subtype)) return 'write';
  if (destructiveSubcommands.has(subtype)) return 'destructive';
  return privilegeSubcommands.has(subtype) ? 'privilege' : 'unknown';
};

const alterTable: Handler = (body, _scope, walk) => {
  walk.draft.act('alter', 'write');
  walk.draft.effects.ddl = true;
  writeNamed(treeAt(body, 'relation') ?? {}, walk);
  for (const node of listAt(body, 'cmds')) {
    const command = treeAt(node, 'AlterTableCmd') ?? {};
    walk.draft.act('alter', subcommandRisk(textAt(command, 'subtype') ?? ''));
    walk.check('AlterTableCmd', command);
    for (const name of ['def']) walk.visit(command[name], anyColumn());
  }
};

const tableKinds = new Set([
  'OBJECT_TABLE',
  'OBJECT_VIEW',
  'OBJECT_MATVIEW',
  'OBJECT_SEQUENCE',
  'OBJECT_FOREIGN_TABLE',
]);

/** DROP names what it drops by lists of strings. Naming something that is not there is an error of the target's own. */
const drop: Handler = (body, _scope, walk) => {
  walk.draft.act('drop', 'destructive');
  walk.draft.effects.ddl = true;
  if (!tableKinds.has(textAt(body, 'removeType') ?? '')) return;
  for (const node of listAt(body, 'objects')) {
    const [name = '', schema] = namesOf(listAt(treeAt(node, 'List'), 'items')).reverse();
    noteNames({ it: { relname: name, ...(schema !== undefined && { schemaname: schema }) } }, walk);
  }
};

const maintain =
  (verb: string): Handler =>
  (body, _scope, walk) => {
    walk.draft.act(verb, 'write');
    const named = rangeVarsIn(body);
    if (named.length === 0) walk.draft.flags.add('whole-database');
    // Indexes and statistics of expressions are computed from the rows.
    for (const rangeVar of named)
      for (const one of relationItem(rangeVar, walk).relations) walk.draft.touch(one, { written: true });
  };

const optionNamed = (body: Tree, name: string): Tree | undefined =>
  bodiesAt(body, 'options', 'DefElem').find((option) => textAt(option, 'defname') === name);

/** Code that runs as its owner, or outside SQL, gives rights away; other code waits for a caller, who is judged. */
const createFunction: Handler = (body, _scope, walk) => {
  const language = constantOf(treeAt(optionNamed(body, 'language'), 'arg')) ?? 'sql';
  const definer = constantOf(treeAt(optionNamed(body, 'security'), 'arg'));
  const privileged =
    (definer !== undefined && definer !== 'false' && definer !== '0') ||
    !['sql', 'plpgsql'].includes(language.toLowerCase());
  walk.draft.act(
    'create',
    privileged ? 'privilege' : 'write',
    'creates-code',
    ...(privileged ? ['security-definer'] : []),
  );
  walk.draft.effects.ddl = true;
  walk.draft.functions.add(namesAt(body, 'funcname').join('.'));
};

const createSchema: Handler = (body, _scope, walk) => {
  walk.draft.act('create', 'write');
  walk.draft.effects.ddl = true;
  if (body['authrole'] !== undefined) walk.draft.raise('privilege');
  for (const node of listAt(body, 'schemaElts')) {
    const [kind, inner] = nodeOf(node) ?? [];
    if (kind !== undefined && inner) walk.statement(kind, inner);
  }
};

const each = (kinds: string, handler: Handler): [string, Handler][] =>
  kinds
    .trim()
    .split(/\s+/)
    .map((kind) => [kind, handler]);

/** Statements that change definitions, roles or the server. */
export const definitionStatements: Readonly<Record<string, Handler>> = {
  CreateStmt: createTable,
  IndexStmt: createIndex,
  CreateSeqStmt: createSequence,
  AlterTableStmt: alterTable,
  DropStmt: drop,
  CreateFunctionStmt: createFunction,
  CreateSchemaStmt: createSchema,
  AlterSeqStmt: plainly('alter', 'write', 'sequence'),
  CreateEnumStmt: define('create', 'CreateEnumStmt'),
  AlterEnumStmt: define('alter', 'AlterEnumStmt'),
  CreateDomainStmt: define('create', 'CreateDomainStmt'),
  CompositeTypeStmt: define('create', 'CompositeTypeStmt', ['typevar']),
  CreateStatsStmt: plainly('create', 'write'),
  AlterStatsStmt: plainly('alter', 'write'),
  CommentStmt: plainly('comment', 'write'),
  VacuumStmt: maintain('vacuum'),
  ClusterStmt: maintain('cluster'),
  ReindexStmt: maintain('reindex'),
};

/** Statements outside the listed grammar whose kind alone says enough. */
export const plainStatements: ReadonlyMap<string, Handler> = new Map([
  ...each('GrantStmt GrantRoleStmt AlterDefaultPrivilegesStmt', plainly('grant', 'privilege', 'grant')),
  ...each('CreateRoleStmt', plainly('create', 'privilege', 'role')),
  ...each('AlterRoleStmt AlterRoleSetStmt AlterOwnerStmt ReassignOwnedStmt', plainly('alter', 'privilege', 'role')),
  ...each('DropRoleStmt DropOwnedStmt', plainly('drop', 'destructive', 'role')),
  ...each('AlterSystemStmt LoadStmt CheckPointStmt', plainly('alter', 'privilege', 'server-control')),
  ...each(
    `CreateExtensionStmt CreatePolicyStmt CreateTrigStmt RuleStmt CreateEventTrigStmt DefineStmt CreateCastStmt
    CreateConversionStmt CreateOpClassStmt CreateOpFamilyStmt CreateTransformStmt CreatePLangStmt CreateFdwStmt
    CreateForeignServerStmt CreateForeignTableStmt CreateUserMappingStmt ImportForeignSchemaStmt CreateSubscriptionStmt
    CreatePublicationStmt CreateTableSpaceStmt CreatedbStmt CreateAmStmt CreateRangeStmt`,
    plainly('create', 'privilege'),
  ),
  // A new name takes a table or column from under the rules that name it.
  ...each('RenameStmt AlterObjectSchemaStmt', plainly('alter', 'privilege', 'rename')),
  ...each(
    `AlterExtensionStmt AlterExtensionContentsStmt AlterFunctionStmt AlterPolicyStmt AlterEventTrigStmt AlterFdwStmt
    AlterForeignServerStmt AlterUserMappingStmt AlterSubscriptionStmt AlterPublicationStmt AlterTableSpaceOptionsStmt
    AlterTableMoveAllStmt AlterDatabaseStmt AlterDatabaseSetStmt AlterDatabaseRefreshCollStmt AlterCollationStmt
    AlterOperatorStmt AlterOpFamilyStmt AlterTypeStmt AlterTSDictionaryStmt AlterTSConfigurationStmt
    AlterObjectDependsStmt SecLabelStmt`,
    plainly('alter', 'privilege'),
  ),
  ...each('AlterDomainStmt', plainly('alter', 'destructive')),
  ...each('DropdbStmt DropTableSpaceStmt DropSubscriptionStmt DropUserMappingStmt', plainly('drop', 'destructive')),
]);

/** Runs code given as text, or stored. */
export const codeStatements: ReadonlyMap<string, Handler> = new Map([
  [
    'DoStmt',
    (_body, _scope, walk) => {
      walk.draft.verbs.add('do');
      walk.draft.conceal('dynamic-sql');
    },
  ],
  [
    'CallStmt',
    (body, _scope, walk) => {
      const parts = namesAt(treeAt(body, 'funccall'), 'funcname');
      walk.draft.verbs.add('call');
      walk.draft.functions.add(parts.join('.'));
      walk.draft.conceal('unknown-function');
    },
  ],
]);

/** From an identified request to what policy and people need to know of it. Pure, but for files that are read once. */
import { type Facts, type Risk, worstRisk } from '@sallyport/core';
import type { AwsDescription, AwsRequest, Identified } from '../types.js';
import { actionsOf } from './actions.js';
import type { Call } from './call.js';
import type { DescribeContext } from './context.js';
import { type AwsFlag, flagsOf, risksOfFlags } from './flags/index.js';
import type { FoundResources } from './found.js';
import { mostResources } from './found.js';
import type { Node } from './members.js';
import { textAt } from './members.js';
import { boundedUnion, callsOf } from './needs.js';
import { resourcesOf } from './resources.js';
import { risksOf } from './risk.js';
import { type SqlOfCall, sqlOf } from './sql/describe-sql.js';
import { callText } from './text.js';

interface Described {
  readonly call: Call;
  readonly actions: readonly string[];
  readonly found: FoundResources;
  readonly flags: readonly AwsFlag[];
  readonly risks: readonly Risk[];
  readonly sql: SqlOfCall | undefined;
}

/** @returns the union of what every candidate would do, with the worst of their risks */
export const describeCall = (identified: Identified, request: AwsRequest, context: DescribeContext): AwsDescription => {
  const all = callsOf(identified, request, context).map(describeCandidate);
  const resources = boundedUnion(all.map(({ found }) => found.arns));
  const flags = allFlags(all, context, resources.length > mostResources);
  const unread = all.some((each) => isUnread(each, context));
  // Only a model that has the parameter makes a dry run of it: it has no effect, and its answer is yes or no.
  const risk = flags.includes('dry-run') && all.length === 1 && !unread ? 'read' : riskOf(all, flags, unread);
  const actions = [...new Set(all.flatMap((each) => each.actions))];
  return {
    risk,
    actions,
    resources,
    text: callText(all[0]!.call, resources),
    facts: factsOf({ identified, context, input: all[0]!.call.input, actions, resources, flags, all }),
  };
};

const describeCandidate = (call: Call): Described => {
  const sql = sqlOf(call);
  const flags = flagsOf(call);
  // SQL says more than the operation that carries it: `ExecuteStatement` alone is neither read nor write.
  const named = risksOf(call.operation, call.data);
  const risks = sql === undefined ? named : [sql.risk, ...(call.data === undefined ? named : [])];
  return {
    call,
    actions: actionsOf(call),
    found: resourcesOf(call),
    flags,
    risks: [...risks, ...risksOfFlags(flags)],
    sql,
  };
};

/** Parameters that nobody has read may say anything. */
const isUnread = ({ call }: Described, { bodyStreams }: DescribeContext): boolean =>
  bodyStreams && call.data?.b !== 1 && !['GET', 'HEAD'].includes(call.request.method);

const allFlags = (all: readonly Described[], context: DescribeContext, cut: boolean): AwsFlag[] => {
  const flags = new Set(all.flatMap((each) => each.flags));
  const add = (flag: AwsFlag, when: boolean) => when && flags.add(flag);
  // Twins under one signing name (RDS, Neptune, DocumentDB) need the same and are no riddle.
  add('ambiguous', new Set(all.map(({ actions }) => actions.join(' '))).size > 1);
  add(
    'unlisted-action',
    all.some(({ call }) => call.data === undefined || call.data.u === 1),
  );
  add(
    'resource-unresolved',
    all.some(({ found }) => found.unresolved),
  );
  add('resources-cut', cut || all.some(({ found }) => found.cut));
  add(
    'sql',
    all.some(({ sql }) => sql !== undefined),
  );
  add(
    'sql-unknown',
    all.some(({ sql }) => sql?.unknown === true),
  );
  add('presigned', context.presigned);
  add('body-not-inspected', context.bodyStreams);
  return [...flags].sort();
};

const riskOf = (all: readonly Described[], flags: readonly AwsFlag[], unread: boolean): Risk =>
  worstRisk([...all.flatMap(({ risks }) => risks), ...risksOfFlags(flags), ...(unread ? (['unknown'] as const) : [])]);

interface FactsOf {
  readonly identified: Identified;
  readonly context: DescribeContext;
  readonly input: Node;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly flags: readonly AwsFlag[];
  readonly all: readonly Described[];
}

const isS3 = (service: string): boolean => service === 's3';

const factsOf = ({ identified, context, input, actions, resources, flags, all }: FactsOf): Facts => {
  const union = (of: (sql: SqlOfCall) => readonly string[]) =>
    [...new Set(all.flatMap(({ sql }) => (sql === undefined ? [] : of(sql))))].sort();
  return {
    service: identified.service,
    operation: identified.operation,
    region: context.region,
    account: context.account ?? '',
    partition: context.partition,
    actions: [...actions],
    resources: [...resources],
    resource: resources.length === 1 ? resources[0]! : '',
    flags: [...flags],
    bucket: isS3(identified.service) ? (textAt(input, 'Bucket') ?? context.addressing.bucket ?? '') : '',
    key: isS3(identified.service) ? (textAt(input, 'Key') ?? '') : '',
    candidates: all.length,
    sql_verbs: union(({ verbs }) => verbs),
    sql_relations: union(({ relations }) => relations),
    sql_written: union(({ written }) => written),
  };
};

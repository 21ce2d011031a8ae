/** Which flags a call carries: by lists of operations, by what it asks for, and by what the models say of its answer. */
import type { Risk } from '@sallyport/core';
import type { Call } from '../call.js';
import { passesRole } from '../roles.js';
import type { OperationData } from '../service-data.js';
import { type Condition, conditionalFlags, conditionsOf } from './conditions.js';
import {
  holdsCredential,
  issuesCredential,
  mayHoldSecrets,
  onlyLooksLikeCredential,
  readsSecret,
  signsLink,
} from './credentials.js';
import { deletesBackup, deletesData, deletesKey, movesBulk, tampersWithLogs } from './losses.js';
import type { AwsFlag } from './names.js';
import { escalatesPrivilege, runsIndirectly, sharesAcrossAccounts } from './rights.js';
import { specialFlags } from './special.js';
import type { OperationSet } from './table.js';

export { type AwsFlag, awsFlags, flagNames } from './names.js';

export const flagTables: readonly (readonly [AwsFlag, OperationSet])[] = [
  ['credential-issue', issuesCredential],
  ['secret-read', readsSecret],
  ['secret-inside', mayHoldSecrets],
  ['secret-inside', holdsCredential],
  ['presign', signsLink],
  ['privilege-escalation', escalatesPrivilege],
  ['cross-account-share', sharesAcrossAccounts],
  ['indirect-execution', runsIndirectly],
  ['backup-delete', deletesBackup],
  ['log-tamper', tampersWithLogs],
  ['key-delete', deletesKey],
  ['data-delete', deletesData],
  ['bulk-data-movement', movesBulk],
];

/** A name in the answer counts until a list says that it means something else: a new operation is not trusted. */
const answerFlags = (call: Call): AwsFlag[] => {
  const { data } = call;
  if (data?.c === undefined || onlyLooksLikeCredential.has(call)) return [];
  const isListed = [holdsCredential, signsLink, readsSecret].some((set) => set.has(call));
  if (data.c === 2 && !isListed) return ['credential-issue'];
  return readsSecret.has(call) || signsLink.has(call) ? [] : ['secret-inside'];
};

/** What the operation alone says; looked up once for as long as its data are kept. */
interface OfOperation {
  readonly flags: readonly AwsFlag[];
  readonly conditions: readonly Condition[];
}

const ofOperations = new WeakMap<OperationData, OfOperation>();

const ofOperation = (call: Call): OfOperation => {
  const known = call.data && ofOperations.get(call.data);
  if (known !== undefined) return known;
  const listed = flagTables.filter(([, set]) => set.has(call)).map(([flag]) => flag);
  const made = { flags: [...listed, ...answerFlags(call)], conditions: conditionsOf(call) };
  if (call.data !== undefined) ofOperations.set(call.data, made);
  return made;
};

/** @returns of one candidate, without those that describing adds for the call as a whole */
export const flagsOf = (call: Call): AwsFlag[] => {
  const { flags, conditions } = ofOperation(call);
  const asked = [...conditionalFlags(call, conditions), ...specialFlags(call)];
  return [...new Set([...flags, ...asked, ...(passesRole(call) ? (['pass-role'] as const) : [])])];
};

/** What carries such a flag is at least this, whatever it is called. */
const risks: Partial<Readonly<Record<AwsFlag, Risk>>> = {
  'credential-issue': 'privilege',
  'public-exposure': 'privilege',
  'cross-account-share': 'privilege',
  'privilege-escalation': 'privilege',
  'pass-role': 'privilege',
  'indirect-execution': 'privilege',
  'backup-delete': 'destructive',
  'log-tamper': 'destructive',
  'key-delete': 'destructive',
};

export const risksOfFlags = (flags: readonly AwsFlag[]): Risk[] => flags.flatMap((flag) => risks[flag] ?? []);

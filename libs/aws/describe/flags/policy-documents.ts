/** Whom the policy documents in a request let in. */
import { isNode, type Node } from '../members.js';

export interface PolicyReach {
  /** Somebody who is nobody in particular is let in. */
  readonly everybody: boolean;
  /** Another account than the caller's own. */
  readonly others: boolean;
}

const nobody: PolicyReach = { everybody: false, others: false };
const listOf = (value: unknown): unknown[] =>
  Array.isArray(value) ? (value as unknown[]) : value === undefined ? [] : [value];

/** Keys that bind a statement for everybody to somebody after all. */
const binding =
  /^(aws:(principal(orgid|orgpaths|account|arn)|source(arn|account|owner|orgid|orgpaths|vpc|vpce|ip)|vpcsourceip)|s3:dataaccesspoint(account|arn)|kms:calleraccount|kms:viaservice|sts:externalid|lambda:eventsourcetoken|[\w.:/-]+:(sub|aud|amr))$/i;

const isBound = (condition: unknown): boolean =>
  isNode(condition) &&
  Object.entries(condition).some(
    ([operator, keys]) =>
      !/^(not|null)|ifexists$|not(equals|like|ipaddress)/i.test(operator) &&
      isNode(keys) &&
      Object.entries(keys).some(
        ([key, values]) =>
          binding.test(key) && !listOf(values).some((value) => /^(\*|0\.0\.0\.0\/0|::\/0)$/.test(String(value))),
      ),
  );

const principalsOf = (principal: unknown): string[] =>
  isNode(principal)
    ? Object.entries(principal).flatMap(([kind, names]) => (/^service$/i.test(kind) ? [] : listOf(names).map(String)))
    : listOf(principal).map(String);

/** Whoever is not named is let in: `NotPrincipal` with Allow is everybody else. */
const reachOfStatement = (statement: Node, account: string | undefined): PolicyReach => {
  // An effect that is no plain Deny counts as one that allows.
  if (typeof statement['Effect'] === 'string' && /^deny$/i.test(statement['Effect'])) return nobody;
  const principals = principalsOf(statement['Principal']);
  const everybody = statement['NotPrincipal'] !== undefined || principals.some((name) => name.includes('*'));
  // A canonical user is an account, and its id does not tell which.
  const others = principals.some((name) => {
    if (/^[0-9a-f]{64}$/.test(name)) return true;
    const owner = /^(\d{12})$|^arn:[^:]+:(?:iam|sts)::(\d{12}):/.exec(name);
    return owner !== null && (owner[1] ?? owner[2]) !== account;
  });
  return {
    everybody: everybody && !isBound(statement['Condition']),
    others: others || (everybody && isBound(statement['Condition'])),
  };
};

/** @returns undefined where the text is no policy for others than identities */
export const reachOfPolicy = (text: string, account: string | undefined): PolicyReach | undefined => {
  let policy: unknown;
  try {
    policy = JSON.parse(text);
  } catch {
    return /"?(Not)?Principal"?\s*:/i.test(text) ? { everybody: true, others: true } : undefined;
  }
  if (!isNode(policy)) return undefined;
  const statements = listOf(policy['Statement']).filter(isNode);
  if (!statements.some((each) => each['Principal'] !== undefined || each['NotPrincipal'] !== undefined))
    return undefined;
  const reaches = statements.map((each) => reachOfStatement(each, account));
  return { everybody: reaches.some((each) => each.everybody), others: reaches.some((each) => each.others) };
};

/** More than any request has that changes one thing; what lies beyond is taken for the worst. */
const mostValues = 50_000;

export interface Texts {
  readonly texts: readonly string[];
  /** False where there were more values than are looked at. */
  readonly complete: boolean;
}

/** Every text in the input. */
export const textsIn = (input: unknown): Texts => {
  const texts: string[] = [];
  const pending: unknown[] = [input];
  for (let seen = 0; pending.length > 0; seen += 1) {
    if (seen + pending.length > mostValues) return { texts, complete: false };
    const value = pending.pop();
    if (typeof value === 'string') texts.push(value);
    else if (Array.isArray(value) || isNode(value)) for (const inner of Object.values(value)) pending.push(inner);
  }
  return { texts, complete: true };
};

/** @returns whom any policy document in the request lets in */
export const reachOfInput = ({ texts, complete }: Texts, account: string | undefined): PolicyReach => {
  const policies = texts.filter((text) => /principal/i.test(text));
  const reaches = policies.flatMap((text) => reachOfPolicy(text, account) ?? []);
  return {
    everybody: !complete || reaches.some((each) => each.everybody),
    others: !complete || reaches.some((each) => each.others),
  };
};

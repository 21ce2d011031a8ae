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

const mostTexts = 2_000;

/** Every text in the input that may be a policy document. */
const textsIn = (input: unknown): string[] => {
  const found: string[] = [];
  const pending: unknown[] = [input];
  for (let seen = 0; pending.length > 0 && seen < mostTexts; seen += 1) {
    const value = pending.pop();
    if (typeof value === 'string') {
      if (/principal/i.test(value)) found.push(value);
    } else if (Array.isArray(value)) pending.push(...(value as unknown[]).slice(0, mostTexts));
    else if (isNode(value)) pending.push(...Object.values(value).slice(0, mostTexts));
  }
  return found;
};

/** @returns whom any policy document in the request lets in */
export const reachOfInput = (input: Node, body: string | undefined, account: string | undefined): PolicyReach => {
  const texts = [...textsIn(input), ...(body !== undefined && /principal/i.test(body) ? [body] : [])];
  const reaches = texts.flatMap((text) => reachOfPolicy(text, account) ?? []);
  return { everybody: reaches.some((each) => each.everybody), others: reaches.some((each) => each.others) };
};

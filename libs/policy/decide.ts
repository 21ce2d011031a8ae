import type { Decision, PolicyId, Refusal, ReviewRequirement } from '@sallyport/core';
import { beyond } from './allow-lists.js';
import { authorize, type CedarAnswer } from './cedar.js';
import type { PolicySet } from './policy-set.js';
import { cedarRequestOf, type PolicyRequest } from './request.js';
import { actions } from './schema.js';

/** A policy set that Cedar keeps ready under a name. */
export interface ReadyPolicySet extends Pick<PolicySet, 'terms' | 'read'> {
  readonly name: string;
  readonly version: number;
  /** Told why a decision could not be made; for the log, never for the client. */
  readonly onFailure?: FailureListener;
}

export type FailureListener = (failure: {
  readonly action: string;
  readonly version: number;
  readonly problems: readonly string[];
}) => void;

/** Deny, then review, then allow: the strictest of the policies that match decides. Never throws. */
export function decideBy(set: ReadyPolicySet, request: PolicyRequest): Decision {
  const { action } = request.operation;
  if (!actions.some((known) => known === action)) {
    return unavailable(set.version, `no policy can speak about the action "${action}"`);
  }
  const answer = ask(set, request);
  if (answer.outcome === 'error') {
    set.onFailure?.({ action, version: set.version, problems: answer.problems });
    return unavailable(set.version, 'the policies cannot be evaluated for this operation');
  }
  const policies = inTextOrder(set, answer.policies);
  const decided = { policies: policies as PolicyId[], policyVersion: set.version };
  if (answer.outcome === 'deny') return { outcome: 'deny', ...decided, refusal: refusalBy(set, policies, request) };
  const requirement = strictestOf(policies.flatMap((id) => set.terms.get(id)?.review ?? []));
  return requirement ? { outcome: 'review', ...decided, requirement } : { outcome: 'allow', ...decided };
}

function ask(set: ReadyPolicySet, request: PolicyRequest): CedarAnswer {
  try {
    return authorize(set.name, cedarRequestOf(request));
  } catch (error) {
    return { outcome: 'error', problems: [String(error)] };
  }
}

const inTextOrder = ({ terms }: ReadyPolicySet, ids: readonly string[]): readonly string[] => {
  if (ids.length < 2) return ids;
  const wanted = new Set(ids);
  return [...terms.keys()].filter((id) => wanted.has(id));
};

/** Everybody's groups, the most approvals, the shortest time; allowing on time-out only where every policy says so. */
function strictestOf(all: readonly ReviewRequirement[]): ReviewRequirement | undefined {
  if (all.length === 0) return undefined;
  const messages = [...new Set(all.flatMap(({ message }) => message ?? []))];
  return {
    groups: [...new Set(all.flatMap(({ groups }) => groups))].sort(),
    approvals: Math.max(...all.map(({ approvals }) => approvals)),
    timeoutMs: Math.min(...all.map(({ timeoutMs }) => timeoutMs)),
    onTimeout: all.every(({ onTimeout }) => onTimeout === 'allow') ? 'allow' : 'deny',
    ...(messages.length === 0 ? {} : { message: messages.join('; ') }),
  };
}

function refusalBy(set: ReadyPolicySet, forbids: readonly string[], { connection, operation }: PolicyRequest): Refusal {
  const { action, risk } = operation;
  if (forbids.length === 0) {
    return {
      code: 'POLICY_DENIED',
      message: `no policy permits "${action}" with risk "${risk}" on connection "${connection.name}"`,
      hint: `ask an administrator for a policy that permits "${action}" with risk "${risk}" on "${connection.name}" to one of your groups`,
    };
  }
  const messages = [...new Set(forbids.flatMap((id) => set.terms.get(id)?.message ?? []))];
  const names = forbids.map((id) => `"${id}"`).join(', ');
  const others = [...new Set(forbids.flatMap((id) => beyond(set.terms.get(id)?.allows ?? [], operation.facts)))];
  const found = others.length === 0 ? '' : `beyond what is allowed: ${others.join('; ')}; `;
  return {
    code: 'POLICY_DENIED',
    message: messages.length > 0 ? messages.join('; ') : `policy ${names} forbids it`,
    hint: `${found}refused by policy ${names}; an administrator can change it`,
  };
}

/** A denial because of what the policies could not say, not because of what they say. */
export const unavailable = (policyVersion: number, message: string): Decision => ({
  outcome: 'deny',
  policies: [],
  policyVersion,
  refusal: {
    code: 'POLICY_UNAVAILABLE',
    message,
    hint: 'nothing was run; ask an administrator to look at the policies',
  },
});

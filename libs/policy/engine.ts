import { type Decision, GatewayError } from '@sallyport/core';
import { preparse } from './cedar.js';
import { decideBy, type FailureListener, type ReadyPolicySet, unavailable } from './decide.js';
import { DecisionCache } from './decision-cache.js';
import { type PolicySet, readPolicySet } from './policy-set.js';
import type { PolicyProblem } from './problems.js';
import type { QuotaOf } from './quota.js';
import { type PolicyRequest, type RequestKeys, requestKeys } from './request.js';
import { warmUp } from './warm-up.js';

export interface PolicyEngineOptions {
  /** Decisions kept, the ones used last; 10 000 unless told. */
  readonly maxEntries?: number;
  readonly onFailure?: FailureListener;
}

export interface PolicyEngine {
  /** The version that was loaded last; 0 before the first. */
  readonly version: number;
  /** Everything that is wrong with a text, and what looks wrong. Without an `error` it can be loaded. */
  validate(text: string): readonly PolicyProblem[];
  /**
   * Replaces the policies from the next decision on. The ones before stay when the text is refused.
   * @throws GatewayError INVALID_INPUT with `details.problems`
   */
  load(version: number, text: string): void;
  /** Never throws: what cannot be decided is a denial with POLICY_UNAVAILABLE. */
  decide(request: PolicyRequest): Decision;
  /** Does any policy in force name this action? */
  names(action: string): boolean;
  /** What the policies behind a decision of the version in force allow only so often. */
  quotasOf(policies: readonly string[]): readonly QuotaOf[];
  /**
   * What another text would decide, without loading it; its decisions carry version 0 and are not kept.
   * @throws GatewayError INVALID_INPUT with `details.problems`
   */
  decideWith(text: string, request: PolicyRequest): Decision;
}

interface LoadedPolicySet extends ReadyPolicySet {
  readonly keys: RequestKeys;
}

/** Cedar keeps every name for ever, so engines take turns: two names each, and one for all drafts. */
const draftName = 'draft';
let engines = 0;

export function createPolicyEngine({ maxEntries = 10_000, onFailure }: PolicyEngineOptions = {}): PolicyEngine {
  engines += 1;
  const names = [`engine-${engines}-even`, `engine-${engines}-odd`] as const;
  const cache = new DecisionCache(maxEntries);
  let active: LoadedPolicySet | undefined;
  let loads = 0;
  let loaded = '';

  return {
    get version() {
      return active?.version ?? 0;
    },
    validate: (text) => readPolicySet(text).problems,
    load(version, text) {
      const next = { ...prepare(names[loads % 2]!, version, text), ...(onFailure && { onFailure }) };
      warmUp(next);
      loads += 1;
      active = next;
      loaded = text;
      cache.clear();
    },
    decide(request) {
      if (active === undefined) return unavailable(0, 'no policy has been loaded yet');
      return decideCached(active, cache, request);
    },
    names: (action) => loaded.includes(`Action::${JSON.stringify(action)}`),
    quotasOf: (policies) =>
      policies.flatMap((policy) => {
        const quota = active?.terms.get(policy)?.quota;
        return quota === undefined ? [] : [{ policy, quota }];
      }),
    decideWith: (text, request) => decideBy(prepare(draftName, 0, text), request),
  };
}

function decideCached(set: LoadedPolicySet, cache: DecisionCache, request: PolicyRequest): Decision {
  const known = cache.decidedAgain(request, set.read);
  if (known !== undefined) return known;
  const decision = decideByKey(set, cache, request);
  if (decision.outcome !== 'deny' || decision.refusal.code !== 'POLICY_UNAVAILABLE') cache.remember(request, decision);
  return decision;
}

function decideByKey(set: LoadedPolicySet, cache: DecisionCache, request: PolicyRequest): Decision {
  const key = set.keys.of(request);
  const known = cache.get(key);
  if (known !== undefined) return known;
  const decision = decideBy(set, request);
  if (decision.outcome !== 'deny' || decision.refusal.code !== 'POLICY_UNAVAILABLE') cache.set(key, decision);
  return decision;
}

function prepare(name: string, version: number, text: string): LoadedPolicySet {
  const read = readPolicySet(text);
  refuseBroken(read.problems);
  const problems = preparse(name, read.texts).map(({ message }): PolicyProblem => ({ severity: 'error', message }));
  refuseBroken(problems);
  return { name, version, terms: read.terms, read: read.read, keys: requestKeys(read.read) };
}

function refuseBroken(problems: PolicySet['problems']): void {
  const first = problems.find(({ severity }) => severity === 'error');
  if (first === undefined) return;
  const where = first.line === undefined ? '' : `line ${first.line}: `;
  throw new GatewayError('INVALID_INPUT', `the policy text is not valid: ${where}${first.message}`, {
    ...(first.hint === undefined ? {} : { hint: first.hint }),
    details: { problems },
  });
}

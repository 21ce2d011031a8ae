import { setFlagsFromString } from 'node:v8';
import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import { schemaText } from './schema.js';

// Cedar's functions return JavaScript objects. Where V8 11.3 (Node 20) has inlined the call of such a function and throws the
// caller's code away while it runs, it ends the process: "unreachable code" in DoComputeBuiltinContinuation.
setFlagsFromString('--no-turbo-inline-js-wasm-calls');

const schemaName = 'sallyport';
const prepared = cedar.preparseSchema(schemaName, schemaText);
if (prepared.type === 'failure') {
  throw new Error(`the policy schema does not parse: ${prepared.errors.map(({ message }) => message).join('; ')}`);
}

export type CedarProblem = Pick<cedar.DetailedError, 'message' | 'help' | 'severity' | 'sourceLocations'>;
export type CedarEntity = cedar.EntityJson;
export type CedarContext = cedar.Context;
export type CedarUid = cedar.TypeAndId;

/** One policy's own text with what its head says. */
export interface CedarPolicy {
  readonly text: string;
  readonly effect: 'permit' | 'forbid';
  /** An annotation without a value is the empty text. */
  readonly annotations: Readonly<Record<string, string>>;
  readonly conditions: unknown;
}

export type Parsed =
  | { readonly policies: readonly CedarPolicy[]; readonly templates: readonly string[] }
  | { readonly errors: readonly CedarProblem[] };

/** Splits a policy text into its policies, in the order of the text. */
export function parsePolicies(text: string): Parsed {
  const parts = cedar.policySetTextToParts(text);
  if (parts.type === 'failure') return { errors: parts.errors };
  const policies: CedarPolicy[] = [];
  for (const part of parts.policies) {
    const answer = cedar.policyToJson(part);
    if (answer.type === 'failure') return { errors: answer.errors };
    const { effect, annotations = {}, conditions } = answer.json;
    const values = Object.entries(annotations).map(([name, value]: [string, string | null]) => [name, value ?? '']);
    policies.push({
      text: part,
      effect,
      annotations: Object.fromEntries(values) as Record<string, string>,
      conditions,
    });
  }
  // Cedar hands the parts back sorted by a name of its own making, not as they were written.
  const place = new Map(policies.map((policy) => [policy, text.indexOf(policy.text)]));
  policies.sort((one, other) => place.get(one)! - place.get(other)!);
  return { policies, templates: parts.policy_templates };
}

export type PolicyTexts = Readonly<Record<string, string>>;

/** Problems by key of the policy; those that belong to none have the key ''. */
export function validatePolicies(policies: PolicyTexts): { key: string; problem: CedarProblem; isError: boolean }[] {
  const answer = cedar.validate({ schema: schemaText, policies: { staticPolicies: policies } });
  if (answer.type === 'failure') return answer.errors.map((problem) => ({ key: '', problem, isError: true }));
  const of = (isError: boolean) => (found: cedar.ValidationError) => ({
    key: found.policyId,
    problem: found.error,
    isError,
  });
  return [
    ...answer.validationErrors.map(of(true)),
    ...answer.validationWarnings.map(of(false)),
    ...answer.otherWarnings.map((problem) => ({ key: '', problem, isError: false })),
  ];
}

/**
 * Keeps a parsed policy set under a name of this thread. There is no way to forget a name, only to use it again, so
 * callers draw names from a bounded number.
 */
export function preparse(name: string, policies: PolicyTexts): readonly CedarProblem[] {
  const answer = cedar.preparsePolicySet(name, { staticPolicies: policies });
  return answer.type === 'failure' ? answer.errors : [];
}

export interface CedarRequest {
  readonly principal: CedarUid;
  readonly action: CedarUid;
  readonly resource: CedarUid;
  readonly context: CedarContext;
  readonly entities: CedarEntity[];
}

export type CedarAnswer =
  | { readonly outcome: 'allow' | 'deny'; readonly policies: readonly string[] }
  | { readonly outcome: 'error'; readonly problems: readonly string[] };

/**
 * Asks Cedar. An answer that came with evaluation errors is an error whatever it says: Cedar skips a policy that
 * fails, and a skipped forbid would allow.
 */
export function authorize(policySet: string, request: CedarRequest): CedarAnswer {
  const answer = cedar.statefulIsAuthorized({
    ...request,
    preparsedPolicySetId: policySet,
    preparsedSchemaName: schemaName,
    validateRequest: true,
  });
  if (answer.type === 'failure') return { outcome: 'error', problems: answer.errors.map(({ message }) => message) };
  const { decision, diagnostics } = answer.response;
  if (diagnostics.errors.length > 0) {
    return {
      outcome: 'error',
      problems: diagnostics.errors.map(({ policyId, error }) => `${policyId}: ${error.message}`),
    };
  }
  return { outcome: decision, policies: diagnostics.reason };
}

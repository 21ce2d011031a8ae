export type { FailureListener } from './decide.js';
export * from './engine.js';
export * from './packs.js';
export { maxPolicies, maxTextBytes } from './policy-set.js';
export type { PolicyProblem } from './problems.js';
export { type Quota, type QuotaOf, Quotas, type Taken } from './quota.js';
export type { PolicyRequest, TurnSoFar } from './request.js';
export { actions, schemaText } from './schema.js';

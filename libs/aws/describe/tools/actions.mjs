// Operation → IAM actions: by name where IAM has the same, else by the lists in overrides.mjs.
import { actionOf, findAction, prefixes } from './iam.mjs';
import { models } from './models.mjs';
import { actionOverrides, pinnedPrefixes } from './overrides.mjs';

const chosen = new Map();

/** Of the prefixes in IAM the one that knows most of a service's operations; a name that fits decides between near ones. */
const choosePrefix = (service, model) => {
  const { signingName, endpointPrefix } = model.metadata;
  const names = Object.keys(model.operations);
  const likely = new Set([signingName, endpointPrefix, service, endpointPrefix.split('.').at(-1)]);
  const score = (prefix) =>
    names.filter((name) => findAction(prefix, name)).length / names.length + (likely.has(prefix) ? 0.25 : 0);
  return prefixes.map((prefix) => ({ prefix, score: score(prefix) })).reduce((a, b) => (b.score > a.score ? b : a)).prefix;
};

for (const { service, model } of models()) chosen.set(service, pinnedPrefixes[service] ?? choosePrefix(service, model));

export const prefixOf = (service) => chosen.get(service);

/** An override that IAM does not know is a mistake in this folder, not a fact. */
const checked = (action) => {
  const known = actionOf(action);
  if (!known) throw new Error(`overrides.mjs names ${action}, which IAM does not have`);
  return `${action.split(':')[0]}:${known.name}`;
};

export const actionsOf = (service, operation, shape) => {
  const prefix = prefixOf(service);
  if (prefix === 'apigateway' && ['apigateway', 'apigatewayv2'].includes(service) && !findAction(prefix, operation))
    return { actions: [`apigateway:${shape.method}`], unlisted: false };
  const override = actionOverrides[service]?.[operation];
  if (override) return { actions: override.map((name) => checked(name.includes(':') ? name : `${prefix}:${name}`)), unlisted: false };
  const known = findAction(prefix, operation);
  return known ? { actions: [`${prefix}:${known.name}`], unlisted: false } : { actions: [`${prefix}:${operation}`], unlisted: true };
};

const levels = { Read: 'r', List: 'r', Write: 'w', 'Tagging, Write': 'w', 'Permissions management, Write': 'p' };
const order = ['r', 'w', 'p'];

/** @returns the worst access level of the actions; empty where IAM knows none of them */
export const levelOf = (actions) => {
  const known = actions.flatMap((action) => (actionOf(action) ? [levels[actionOf(action).accessLevel] ?? ''] : []));
  return known.length < actions.length ? '' : (order.findLast((level) => known.includes(level)) ?? '');
};

// Which resources an operation's actions are about, and which of its input members names each part of their ARNs.
import { actionOf, templatesOf } from './iam.mjs';
import { notThere, otherNames, specialResources } from './names.mjs';

const norm = (name) => name.toLowerCase().replace(/[^a-z0-9]/g, '');
const suffix = /(arns?|names?|ids?|identifiers?|friendly|withpath|withoutleadingslash|s)+$/;
const stem = (name) => norm(name).replace(suffix, '') || norm(name);
const noun = (operation) => norm(operation.replace(/^(Batch)?[A-Z][a-z]+/, ''));

const own = new Set(['Partition', 'Region', 'Account', 'AWSRegion']);
const variablesOf = (template) => [...template.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name).filter((name) => !own.has(name));

const generic = new Set(['name', 'names', 'id', 'ids', 'identifier', 'identifiers', 'arn', 'arns']);

/** `DeleteRule` is about rules; whether its member `Name` is a rule's. */
const isAbout = (operation, kind) => {
  const about = noun(operation).replace(/s$/, '');
  return about.length > 1 && (about.endsWith(kind) || kind.endsWith(about) || about.startsWith(kind));
};

const lastNames = (path) => path.split('.').at(-1).replace('[]', '').split('|').map(norm);
const isNamed = ({ name, path }, kind) => stem(name) === kind || lastNames(path).some((each) => otherNames[kind]?.includes(each));

/** How well a member fits one part of an ARN: 0 is not at all. */
const fit = ({ name, path, depth }, { variable, type, operation, isLast, isOnly }) => {
  const [member, target, kind] = [stem(name), stem(variable), norm(type)];
  const names = otherNames[kind] ?? [];
  if (notThere[kind]?.test(path)) return 0;
  if (isLast && names.some((other) => lastNames(path).includes(other))) return 99;
  if (norm(name) === norm(variable) || norm(name) === `${kind}arn` || (norm(name) === `${kind}s` && isLast)) return 100;
  if (member === target && !generic.has(norm(name))) return 95;
  if (!isLast) return depth === 0 && member.length > 3 && target.endsWith(member) ? 70 : 0;
  if (member === kind) return 90;
  if (depth > 0) return 0;
  if (kind.length > 3 && member.endsWith(kind)) return 80;
  if (target.length > 3 && member.endsWith(target)) return 78;
  return generic.has(norm(name)) && (isOnly || isAbout(operation, kind) || isAbout(operation, target)) ? 60 : 0;
};

const mostPaths = 6;
const isCandidate = ({ type, path }) =>
  type === 'string' && !/filter|(^|[.|])tag(s|list|set|key|keys|specification|specifications)?\b/i.test(path);

const pathsFor = (inputs, wanted, isTaken) => {
  const fits = inputs
    .filter(isCandidate)
    .map((input) => ({ ...input, fit: fit(input, wanted) }))
    .filter((input) => input.fit > 0 && (input.depth === 0 || input.fit >= 95) && !isTaken(input));
  const best = Math.max(0, ...fits.map((input) => input.fit - input.depth));
  const near = fits.filter((input) => input.fit >= (best >= 78 ? 78 : best));
  return near.sort((a, b) => a.depth - b.depth || b.fit - a.fit).slice(0, mostPaths).map(({ path }) => path);
};

const typesOf = (actions) => {
  const found = new Map();
  for (const action of actions)
    for (const { name: type, required } of actionOf(action)?.resourceTypes ?? [])
      for (const template of templatesOf(action.split(':')[0], type))
        found.set(template, { type, required: required || found.get(template)?.required === true });
  return found;
};

/**
 * @returns for each resource type [index of its template, 1 if the action wants one, paths of each variable]; the
 * templates are collected in `templates`
 */
export const resourcesOf = ({ service, operation, actions, inputs, templates }) => {
  if (specialResources.has(service)) return [];
  const found = typesOf(actions);
  const kinds = new Set([...found.values()].map(({ type }) => norm(type)));
  const wantedOnly = [...found.values()].filter(({ required }) => required).length === 1;
  return [...found].flatMap(([template, { type, required }]) => {
    const variables = variablesOf(template);
    const taken = new Set();
    const paths = variables.map((variable, index) => {
      const isLast = index === variables.length - 1;
      const isOnly = isLast && variables.length === 1 && (found.size === 1 || (required && wantedOnly));
      const isOthers = (input) => stem(input.name) !== stem(variable) && [...kinds].some((kind) => kind !== norm(type) && isNamed(input, kind)) && !isNamed(input, norm(type));
      const all = pathsFor(inputs, { variable, type, operation, isLast, isOnly }, (input) => taken.has(input.path) || isOthers(input));
      for (const path of all) taken.add(path);
      return all;
    });
    if (!required && paths.every((each) => each.length === 0) && found.size > 1) return [];
    if (!templates.has(template)) templates.set(template, templates.size);
    return [[templates.get(template), required ? 1 : 0, ...paths]];
  });
};

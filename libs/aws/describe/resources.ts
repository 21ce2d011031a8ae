/** The ARNs that a call names. */
import { fill, isArn, keyPart, lastName, namePart, type Part, variableCount } from './arn.js';
import type { Call } from './call.js';
import { Findings, type FoundResources } from './found.js';
import { textsAt } from './members.js';
import { passedRoles, passesProfile } from './roles.js';
import type { ResourceEntry } from './service-data.js';
import { specialResources } from './special/index.js';

/** Operations that make what they are about: that they cannot name it yet is no riddle. */
const makes =
  /^(Batch)?(Create|Register|Import|Allocate|Request|Run|Launch|Provision|Purchase|Start|Send|Submit|Publish)/;

/** @returns the ARNs of one candidate */
export const resourcesOf = (call: Call): FoundResources => {
  const findings = new Findings();
  if (!(specialResources[call.service]?.(call, findings) ?? false)) usualResources(call, findings);
  roleResources(call, findings);
  return findings.result();
};

const usualResources = (call: Call, findings: Findings): void => {
  const entries = call.data?.r ?? [];
  const given = (call.data?.g ?? []).flatMap((path) => textsAt(call.input, path)).filter(isArn);
  for (const arn of given) findings.addArn(arn);
  const named = entries.filter((entry) => nameEntry(call, entry, findings));
  if (given.length > 0) return;
  for (const entry of entries) if (entry[1] === 1 && !named.includes(entry)) findings.add(templateOf(call, entry, []));
  if (named.length === 0 && isRiddle(call, entries)) findings.markUnresolved();
};

/** It changes something that it must have named, and no member says what. */
const isRiddle = ({ data, operation }: Call, entries: readonly ResourceEntry[]): boolean =>
  data?.l !== 'r' && entries.some(([, wanted, ...paths]) => wanted === 1 && paths.length > 0) && !makes.test(operation);

const templateOf = (
  { serviceData, context }: Call,
  [index]: ResourceEntry,
  parts: readonly (string | undefined)[],
): string => fill(serviceData!.templates[index]!, context, parts);

const mostCombinations = 1_000;

/** @returns whether the request names a resource of this type, or one of another type in the place of it */
const nameEntry = (call: Call, entry: ResourceEntry, findings: Findings): boolean => {
  const [, wanted, ...paths] = entry;
  const values = paths.map((each) => each.flatMap((path) => textsAt(call.input, path)));
  if (values.every((each) => each.length === 0)) return false;
  const isPartly = values.some((each, index) => each.length === 0 && paths[index]!.length > 0);
  if (wanted === 0 && isPartly) return false;
  const last = values.at(-1) ?? [];
  const given = values.flat();
  const whole = given.filter((value) => isArn(value) && (last.includes(value) || isOfType(call, entry, value)));
  for (const arn of whole) findings.addArn(arn);
  if (last.length > 0 && last.every(isArn)) return true;
  if (given.every(isArn) && (whole.length > 0 || isOfAnother(call, given))) return true;
  const names = last.filter((value) => !isArn(value));
  for (const parts of combinations([...values.slice(0, -1), names])) addFilled(call, entry, parts, findings);
  return true;
};

/** An ARN that reads like this type's: load balancers of each kind have a type of their own, and one member for all. */
const isOfType = ({ serviceData }: Call, [index]: ResourceEntry, arn: string): boolean => {
  const [, , service, , , ...resource] = serviceData!.templates[index]!.split(':');
  const [, , arnService, , , ...arnResource] = arn.split(':');
  return service === arnService && arnResource.join(':').startsWith(resource.join(':').split('${')[0]!);
};

const isOfAnother = (call: Call, arns: readonly string[]): boolean =>
  arns.every((arn) => call.data!.r!.some((entry) => isOfType(call, entry, arn)));

const combinations = (values: readonly (readonly string[])[]): (string | undefined)[][] => {
  let all: (string | undefined)[][] = [[]];
  for (const choices of values) {
    const wanted: readonly (string | undefined)[] = choices.length === 0 ? [undefined] : choices;
    all = all.flatMap((before) => wanted.map((choice) => [...before, choice])).slice(0, mostCombinations);
  }
  return all;
};

const addFilled = (
  call: Call,
  entry: ResourceEntry,
  values: readonly (string | undefined)[],
  findings: Findings,
): void => {
  const template = call.serviceData!.templates[entry[0]]!;
  const parts = partsOf(call, template, values);
  if (parts.some((part) => part?.fits === false)) findings.markUnresolved();
  findings.add(
    templateOf(
      call,
      entry,
      parts.map((part) => part?.text),
    ),
  );
};

const partsOf = (call: Call, template: string, values: readonly (string | undefined)[]): (Part | undefined)[] => {
  const given = values.slice(0, variableCount(template));
  return given.map((value, index) => {
    if (value === undefined) return undefined;
    return partOf(call, template, index === given.length - 1 ? value : lastName(value));
  });
};

/** Their ARNs end in an id, and requests may give a name instead, which does not tell it. */
const wantsId = (service: string, template: string): boolean =>
  service === 'lightsail' || (service === 'ec2' && /\/\$\{\w+Id\}$/.test(template));

/** Services that write a name in another way than IAM does. */
const partOf = ({ service, data }: Call, template: string, value: string): Part => {
  if (wantsId(service, template) && !/^[a-z]+(-[a-z]+)*-[0-9A-Za-z]+$/.test(value))
    return { text: '*', fits: data?.l === 'r' };
  if (service === 'iam' || service === 's3control') return commaFits(namePart(value.replaceAll(',', '')), value);
  if (template.includes('WithoutLeadingSlash')) return namePart(value.replace(/^\//, ''));
  return template.includes(':s3:::') ? keyPart(value) : namePart(value);
};

/** IAM allows a comma in names. */
const commaFits = (part: Part, value: string): Part => (part.fits ? { ...part, text: value } : namePart(value));

/** Roles handed to the service, by ARN or name, and instance profiles, which stand for a role that is not told. */
const roleResources = (call: Call, findings: Findings): void => {
  const toArn = (name: string) => fill('arn:${Partition}:iam::${Account}:role/${Role}', call.context, [name]);
  for (const role of passedRoles(call)) {
    if (isArn(role)) findings.addArn(role);
    else findings.addPart(namePart(role), toArn);
  }
  if (passesProfile(call)) findings.add(toArn('*'));
};

/** Roles that a call hands to a service, which then acts with them. */
import { isArn } from './arn.js';
import type { Call } from './call.js';
import { textsAt } from './members.js';

const profile = ['IamInstanceProfile.Arn', 'IamInstanceProfile.Name'];
const profilePaths = [
  ...profile,
  ...['LaunchTemplateData', 'LaunchSpecification', 'SpotFleetRequestConfig.LaunchSpecifications[]'].flatMap((parent) =>
    profile.map((path) => `${parent}.${path}`),
  ),
  ...['IamInstanceProfile', 'InstanceProfileName', 'InstanceProfileArn'],
  ...['Ec2InstanceAttributes.IamInstanceProfile', 'Instances.JobFlowRole', 'JobFlowRole'],
];
/** These let an instance act with the role of a profile, and the request tells the profile only. */
const profileServices = new Set(['ec2', 'autoscaling', 'emr', 'elasticbeanstalk']);

interface Passed {
  readonly roles: readonly string[];
  readonly profile: boolean;
}

const passedBy = new WeakMap<Call, Passed>();

/** Only what is a role's ARN or looks like its name: some services use the word for other things. */
const rolesOf = ({ data, input }: Call): string[] => {
  const values = (data?.p ?? []).flatMap((path) => textsAt(input, path));
  return [...new Set(values)].filter((value) => value.length > 1 && (!isArn(value) || value.includes(':role/')));
};

const hasProfile = ({ service, operation, input }: Call): boolean =>
  operation === 'AddRoleToInstanceProfile' ||
  (profileServices.has(service) && profilePaths.some((path) => textsAt(input, path).length > 0));

const passed = (call: Call): Passed => {
  const known = passedBy.get(call);
  if (known !== undefined) return known;
  // To read is to hand nothing over.
  const reads = call.data === undefined || call.data.l === 'r';
  const made = reads ? { roles: [], profile: false } : { roles: rolesOf(call), profile: hasProfile(call) };
  passedBy.set(call, made);
  return made;
};

export const passedRoles = (call: Call): readonly string[] => passed(call).roles;
export const passesProfile = (call: Call): boolean => passed(call).profile;
export const passesRole = (call: Call): boolean => passed(call).roles.length > 0 || passed(call).profile;

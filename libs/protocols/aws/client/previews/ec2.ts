import { type Answer, below } from './answer.js';
import { formRead, inputText, type Read } from './read.js';
import type { Preview, Waited } from './table.js';

const version = '2016-11-15';
const mostInstances = 20;

/** `InstanceId.1`, `InstanceId.2`, … of the flat input. */
const instancesOf = ({ identified }: Waited): string[] =>
  Object.entries(identified.input)
    .filter(([name]) => /^InstanceId(\.\d+)?$/.test(name))
    .map(([name]) => inputText(identified.input, name));

const describeInstances = (call: Waited): Read =>
  formRead(
    call.scope,
    'DescribeInstances',
    version,
    Object.fromEntries(
      instancesOf(call)
        .slice(0, mostInstances)
        .map((id, at) => [`InstanceId.${at + 1}`, id]),
    ),
  );

/** The call itself, which EC2 only tries. INVARIANT: used for operations whose model has the member DryRun, and no other. */
const dryRun = ({ identified, scope }: Waited): Read => {
  const { Action: _a, Version: _v, DryRun: _d, ...rest } = identified.input;
  const values = Object.fromEntries(Object.keys(rest).map((name) => [name, inputText(rest, name)]));
  return formRead(scope, identified.operation, version, { ...values, DryRun: 'true' });
};

function tellDryRun(answer: Answer | undefined): string {
  if (answer?.errorCode === 'DryRunOperation') return 'a dry run says that AWS would do it';
  if (answer === undefined) return 'no dry run could be made';
  return `a dry run says that AWS would not do it: ${answer.errorCode ?? `status ${answer.head.status}`}`;
}

function tellInstances(answer: Answer | undefined): string[] {
  if (!answer?.ok) return ['the instances cannot be described'];
  return answer.all('instancesSet').flatMap((set) =>
    set.children.map((instance) => {
      const of = (name: string): string => below(instance, name)[0]?.text ?? '?';
      const state = below(instance, 'instanceState')[0];
      const tags = below(instance, 'tagSet')
        .flatMap(({ children }) => children)
        .map((tag) => `${below(tag, 'key')[0]?.text ?? ''}=${below(tag, 'value')[0]?.text ?? ''}`);
      return `${of('instanceId')}: ${state === undefined ? '?' : (below(state, 'name')[0]?.text ?? '?')}, ${of('instanceType')}, launched ${of('launchTime')}, tags ${tags.slice(0, 10).join(' ') || 'none'}`;
    }),
  );
}

const ofInstances: Preview = {
  reads: (call) => [describeInstances(call), dryRun(call)],
  tell: ([instances, tried]) => [...tellInstances(instances), tellDryRun(tried)],
};

const dryRunOnly: Preview = { reads: (call) => [dryRun(call)], tell: ([tried]) => [tellDryRun(tried)] };

const instanceOperations = [
  'TerminateInstances',
  'StopInstances',
  'RebootInstances',
  'StartInstances',
  'ModifyInstanceAttribute',
];

/** Every one of them has the member DryRun in EC2's model; 44 operations have none, and none of those is here. */
export const dryRunOperations = [
  'AuthorizeSecurityGroupEgress',
  'AuthorizeSecurityGroupIngress',
  'CreateImage',
  'CreateSnapshot',
  'CreateTags',
  'DeleteInternetGateway',
  'DeleteKeyPair',
  'DeleteNatGateway',
  'DeleteNetworkAcl',
  'DeleteNetworkInterface',
  'DeleteRoute',
  'DeleteRouteTable',
  'DeleteSecurityGroup',
  'DeleteSnapshot',
  'DeleteSubnet',
  'DeleteTags',
  'DeleteVolume',
  'DeleteVpc',
  'DeregisterImage',
  'DetachVolume',
  'ModifyImageAttribute',
  'ModifySnapshotAttribute',
  'ReleaseAddress',
  'RevokeSecurityGroupEgress',
  'RevokeSecurityGroupIngress',
  'RunInstances',
];

export const ec2Previews: readonly (readonly [string, Preview])[] = [
  ...instanceOperations.map((name) => [`ec2:${name}`, ofInstances] as const),
  ...dryRunOperations.map((name) => [`ec2:${name}`, dryRunOnly] as const),
];

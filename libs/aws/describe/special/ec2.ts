/** EC2: tags are put on anything, and the id alone says what it is. */
import { namePart } from '../arn.js';
import type { Call } from '../call.js';
import type { Findings } from '../found.js';
import { textsAt } from '../members.js';

/** By the letters in front of the id's first digit group: `i-0abc` is an instance. */
const types: Readonly<Record<string, string>> = {
  acl: 'network-acl',
  ami: 'image',
  aki: 'image',
  ari: 'image',
  cgw: 'customer-gateway',
  cr: 'capacity-reservation',
  dopt: 'dhcp-options',
  eigw: 'egress-only-internet-gateway',
  eipalloc: 'elastic-ip',
  eni: 'network-interface',
  fl: 'vpc-flow-log',
  fleet: 'fleet',
  h: 'dedicated-host',
  i: 'instance',
  igw: 'internet-gateway',
  key: 'key-pair',
  lgw: 'local-gateway',
  lt: 'launch-template',
  nat: 'natgateway',
  pcx: 'vpc-peering-connection',
  pl: 'prefix-list',
  rtb: 'route-table',
  sfr: 'spot-fleet-request',
  sg: 'security-group',
  sgr: 'security-group-rule',
  sir: 'spot-instances-request',
  snap: 'snapshot',
  subnet: 'subnet',
  tgw: 'transit-gateway',
  'tgw-attach': 'transit-gateway-attachment',
  'tgw-rtb': 'transit-gateway-route-table',
  vgw: 'vpn-gateway',
  vol: 'volume',
  vpc: 'vpc',
  vpce: 'vpc-endpoint',
  'vpce-svc': 'vpc-endpoint-service',
  vpn: 'vpn-connection',
};

const volumes = ({ context: { partition, region, account = '*' } }: Call): string =>
  `arn:${partition}:ec2:${region}:${account}:volume/*`;

export const ec2Resources = (call: Call, findings: Findings): boolean => {
  // It makes volumes of the image's, whether the request speaks of them or not.
  if (call.operation === 'RunInstances') findings.add(volumes(call));
  if (call.operation !== 'CreateTags' && call.operation !== 'DeleteTags') return false;
  const { partition, region, account = '*' } = call.context;
  for (const id of textsAt(call.input, 'Resources|ResourceId[]')) {
    const type = types[/^([a-z-]+)-[0-9a-z]+$/.exec(id)?.[1] ?? ''];
    if (type === undefined) findings.markUnresolved();
    const owner = type === 'image' || type === 'snapshot' ? (type === 'image' ? '' : account) : account;
    findings.addPart(namePart(id), (text) => `arn:${partition}:ec2:${region}:${owner}:${type ?? '*'}/${text}`);
  }
  return true;
};

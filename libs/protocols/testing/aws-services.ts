/** The table of docs/aws-services.md, from the data that the gates themselves use. */
import { type AwsFlag, describeCall, type Identified, loadCatalogue } from '@sallyport/aws';
import { operationData, serviceData } from '../../aws/describe/service-data.js';
import { textOf } from '../../testkit/documents.js';
import { answerMembers, type MemberNode } from '../aws/masking/members.js';

/** Where real clients call services by name. */
const clients = [
  'e2e/testing/boto_client.py',
  'libs/protocols/aws/target/moto.spec.ts',
  'libs/protocols/aws/gateway.spec.ts',
];

/** Services that a test calls through the gateway, or through the agent, on a server of their own. */
function called(): ReadonlySet<string> {
  const text = clients.map(textOf).join('\n');
  const python = [...text.matchAll(/boto3\.(?:client|resource)\("([a-z0-9-]+)"\)/g)];
  const typescript = [
    ...text.matchAll(/service: '([a-z0-9-]+)'/g),
    ...text.matchAll(/@aws-sdk\/client-([a-z0-9-]+)'/g),
  ];
  return new Set([...python, ...typescript].map(([, name]) => name!));
}

const refusedFlags: readonly AwsFlag[] = ['credential-issue', 'presign', 'secret-read'];

/** Is something below this node always hidden? */
function hides(nodes: readonly (MemberNode | 0)[], at: number, seen = new Set<number>()): boolean {
  const node = nodes[at];
  if (node === undefined || node === 0 || seen.has(at)) return false;
  seen.add(at);
  const below = [
    ...Object.values(node.m ?? {}).map((each) => (typeof each === 'number' ? each : each[0])),
    node.l,
    node.v,
    node.k,
  ];
  return node.x !== undefined || below.some((next) => next !== undefined && hides(nodes, next, seen));
}

/** One row for each service: name, protocols, operations, listed by IAM, always masked, never allowed by a pack, called by a test. */
export function awsServiceRows(): string[][] {
  const catalogue = loadCatalogue();
  const tested = called();
  return [...catalogue.services.values()].map(({ name, protocols, operations }) => {
    const all = [...operations.keys()];
    const masked = all.filter((operation) => {
      const { service, node, headers } = answerMembers(name, operation);
      return hides(service.nodes, node) || Object.keys(headers).length > 0;
    });
    const listed = all.filter((operation) => {
      const data = operationData(name, operation);
      return data !== undefined && data.u !== 1;
    });
    const refused = all.filter((operation) => refusedFlags.some((flag) => flagsOf(name, operation).includes(flag)));
    return [
      `\`${name}\``,
      [...protocols].sort().join(', '),
      serviceData(name)?.prefix ?? '',
      String(all.length),
      String(listed.length),
      String(masked.length),
      String(refused.length),
      tested.has(name) ? 'yes' : '',
    ];
  });
}

function flagsOf(service: string, operation: string): readonly string[] {
  const identified: Identified = {
    identified: true,
    service,
    operation,
    protocol: 'json',
    input: {},
    candidates: [{ service, operation }],
  };
  const request = { method: 'POST', path: '/', query: '', headers: [], body: new Uint8Array(0) };
  const context = {
    partition: 'aws',
    account: '',
    region: 'us-east-1',
    bodyStreams: false,
    presigned: false,
    addressing: {},
  };
  const { facts } = describeCall(identified, request, { ...context, hide: () => undefined });
  return facts['flags'] as readonly string[];
}

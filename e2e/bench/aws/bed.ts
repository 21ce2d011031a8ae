import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SigningCredential } from '@sallyport/aws';
import type { Ticket } from '../../testing/installation.js';
import { freePort, until } from '../../testing/installation.js';
import type { Bed } from '../peers/bed.js';
import { gatewayProcesses } from '../peers/gateway.js';
import type { PeerProcess } from '../peers/peer.js';
import { Service } from '../peers/service.js';
import type { Place } from './connection.js';
import type { UpstreamEnd } from './upstream.js';

/** One way from a client to AWS. */
export interface AwsWay {
  readonly name: string;
  readonly title: string;
  readonly place: Place;
  readonly host: string;
  readonly credential: SigningCredential;
  /** Whose CPU time counts as the way's. */
  readonly processes: readonly PeerProcess[];
}

/** Two connections: what is measured between them is what the detectors cost. */
const connections = {
  unmasked: { title: 'Sallyport, no detectors', rules: [] },
  scanned: {
    title: 'Sallyport, detectors on',
    rules: [
      { id: 'secrets', kind: 'detector', detector: 'secrets', action: 'redact' },
      { id: 'personal-data', kind: 'detector', detector: 'personal-data', action: 'redact' },
    ],
  },
} as const;

/** Reads and writes run at once; what the packs never allow is looked for here, too. */
const policy = `
@id("aws-connect") permit(principal, action == Sallyport::Action::"session.connect", resource);
@id("aws-read") permit(principal, action == Sallyport::Action::"aws.call", resource) when { context.risk == "read" };
@id("aws-write") permit(principal, action == Sallyport::Action::"aws.call", resource) when { context.risk == "write" };
@id("aws-no-credentials") forbid(principal, action == Sallyport::Action::"aws.call", resource)
when { context.flags.containsAny(["credential-issue", "presign"]) };
@id("aws-no-secrets") forbid(principal, action == Sallyport::Action::"aws.call", resource)
when { context.flags.contains("secret-read") };
`;

const regions = ['eu-west-1'];

const known = new WeakMap<Bed, Promise<AwsWay[]>>();

export function awsWays(bed: Bed): Promise<AwsWay[]> {
  const ways = known.get(bed) ?? setUp(bed);
  known.set(bed, ways);
  return ways;
}

/** Gives the bed's installation targets of AWS: the agent begins anew with them, so no other part may come afterwards. */
async function setUp(bed: Bed): Promise<AwsWay[]> {
  const { installation } = bed;
  const port = await startUpstream(bed);
  await installation.agent.stop();
  installation.writeAgentConfig((config) => (config['targets'] as object[]).push(...targets(bed, port)));
  installation.agent = await installation.startAgent();
  await installation.setPolicy(policy);
  const processes = await gatewayProcesses(installation);
  const direct: AwsWay = {
    name: 'direct',
    title: 'direct',
    place: { port, ca: bed.certificates.ca },
    host: `127.0.0.1:${port}`,
    credential: { accessKeyId: 'BENCH', secretAccessKey: 'bench' },
    processes: [],
  };
  const ways = [direct];
  for (const [name, { title }] of Object.entries(connections)) {
    await installation.api('grace', 'POST', '/v1/connections', { name, protocol: 'aws', target: name, regions });
    const { ticket, endpoint, aws } = (await installation.ticket('ada', { connection: name })) as AwsTicket;
    ways.push({
      name,
      title,
      place: { port: installation.ports.aws, ca: endpoint.ca_certificate },
      host: `127.0.0.1:${installation.ports.aws}`,
      credential: { accessKeyId: aws.access_key_id, secretAccessKey: aws.secret_access_key, sessionToken: ticket },
      processes,
    });
  }
  return ways;
}

interface AwsTicket extends Ticket {
  readonly aws: { readonly access_key_id: string; readonly secret_access_key: string };
}

/** As to AWS, the agent speaks TLS. */
function targets({ folder, certificates }: Bed, port: number): object[] {
  const key = path.join(folder, 'aws-key.json');
  writeFileSync(key, JSON.stringify({ AccessKeyId: 'BENCH', SecretAccessKey: 'what-only-the-agent-knows' }), {
    mode: 0o600,
  });
  return Object.entries(connections).map(([alias, { rules }]) => ({
    alias,
    protocol: 'aws',
    regions,
    endpoints: { default: `https://127.0.0.1:${port}` },
    tls: { ca_file: certificates.files.ca },
    credential: { source: 'file', path: key },
    masking: { rules },
  }));
}

async function startUpstream({ folder, certificates, running }: Bed): Promise<number> {
  const port = await freePort();
  const end: UpstreamEnd = { port, cert: certificates.server.certificate, key: certificates.server.privateKey };
  const file = path.join(folder, 'aws-upstream.json');
  writeFileSync(file, JSON.stringify(end), { mode: 0o600 });
  const program = fileURLToPath(new URL('./upstream.js', import.meta.url));
  const service = new Service('the stand-in for AWS', process.execPath, [program, file]);
  running.push(service);
  await service.listensOn(port);
  await until('the stand-in for AWS answers', () => service.running);
  return port;
}

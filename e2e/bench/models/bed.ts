import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Bed } from '../peers/bed.js';
import { gatewayProcesses, maskingRules } from '../peers/gateway.js';
import type { PeerProcess } from '../peers/peer.js';
import { Service } from '../peers/service.js';
import type { ModelPlace } from './client.js';

/** One way from a client to a model. */
export interface ModelWay extends ModelPlace {
  readonly name: string;
  readonly title: string;
  /** Whose CPU time and memory count as the way's. */
  readonly processes: readonly PeerProcess[];
}

const apiKey = 'what-only-the-agent-knows';
const target = 'model-api';

/** The first is what people use, and comes first, as a process keeps the memory that it has once had. */
const connections = {
  gateway: { title: 'Sallyport', recordsAnswers: false, nameless: false },
  unwitnessed: { title: 'Sallyport, no AI session named', recordsAnswers: false, nameless: true },
  recorded: { title: 'Sallyport, answers recorded', recordsAnswers: true, nameless: false },
} as const;

/** What is asked is looked at, and so are commands. */
const policy = `
@id("model-connect") permit(principal, action == Sallyport::Action::"session.connect", resource);
@id("model-ask") permit(principal, action == Sallyport::Action::"model.request", resource);
@id("model-call") permit(principal, action == Sallyport::Action::"model.tool_call", resource);
@id("model-no-payroll") forbid(principal, action == Sallyport::Action::"model.request", resource)
when { context.prompt like "*salary*" };
`;

const known = new WeakMap<Bed, Promise<ModelWay[]>>();

export function modelWays(bed: Bed): Promise<ModelWay[]> {
  const ways = known.get(bed) ?? setUp(bed);
  known.set(bed, ways);
  return ways;
}

/** Gives the bed's installation a model: the agent begins anew with it alone, so no other part may come afterwards. */
async function setUp(bed: Bed): Promise<ModelWay[]> {
  const { installation } = bed;
  const url = await startModel(bed);
  const key = path.join(bed.folder, 'model-key');
  writeFileSync(key, apiKey, { mode: 0o600 });
  await installation.agent.stop();
  installation.writeAgentConfig((config) =>
    (config['targets'] as object[]).push({
      alias: target,
      protocol: 'anthropic',
      endpoint: url,
      connections: 512, // one for each stream
      credential: { source: 'file', path: key },
      masking: { rules: maskingRules.filter(({ kind }) => kind === 'detector') },
    }),
  );
  installation.agent = await installation.startAgent();
  await installation.setPolicy(policy);
  const processes = await gatewayProcesses(installation);
  const ways: ModelWay[] = [{ name: 'direct', title: 'direct', url, key: apiKey, processes: [] }];
  for (const [name, { title, recordsAnswers, nameless }] of Object.entries(connections)) {
    const connection = `model-${name}`;
    const made = { name: connection, protocol: 'anthropic', target, record_responses: recordsAnswers };
    await installation.api('grace', 'POST', '/v1/connections', made);
    const { ticket, endpoint } = await installation.ticket('ada', { connection });
    const through = `https://127.0.0.1:${installation.ports.anthropic}`;
    ways.push({ name, title, url: through, ca: endpoint.ca_certificate, key: ticket, nameless, processes });
  }
  return ways;
}

async function startModel({ running }: Bed): Promise<string> {
  const program = fileURLToPath(new URL('../../model-server/e2e/bench/models/server/main.js', import.meta.url));
  const service = new Service('the scripted model', process.execPath, [program, apiKey]);
  running.push(service);
  const [url] = (await once(service.child.stdout!, 'data', { signal: AbortSignal.timeout(20_000) })) as [string];
  return url.trim();
}

import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { agentKeysFile, cloudEndpoints } from './cloud/sample-cloud.js';
import { region } from './cloud/sample-objects.js';
import { agentPasswordFile, agentRole } from './clusters.js';
import { built } from './control-plane.js';
import type { Folder } from './folder.js';
import type { Gate } from './gate.js';
import type { Ports } from './options.js';
import { type Child, type Processes, until } from './processes.js';
import { targetDatabase } from './sample-data.js';

export const targetAlias = 'shop-db';
export const cloudAlias = 'shop-cloud';
export const agentName = 'quickstart';

const masking = {
  rules: [{ id: 'agent-minimum-secrets', kind: 'detector', detector: 'secrets', action: 'redact' }],
};

/** The agent's own file: its targets, their credentials, and the masking that nobody outside can switch off. */
const configuration = (folder: Folder, ports: Ports) => ({
  control_plane: {
    address: `127.0.0.1:${ports.tunnel}`,
    server_name: 'localhost',
    enrolment_address: `127.0.0.1:${ports.enrolment}`,
  },
  state_dir: folder.at('agent', 'state'),
  enrolment_key_file: folder.at('agent', 'enrolment-key'),
  health_address: `127.0.0.1:${ports.agentHealth}`,
  targets: [
    {
      alias: targetAlias,
      protocol: 'postgres',
      host: '127.0.0.1',
      port: ports.target,
      databases: [targetDatabase],
      tls: { mode: 'disable' }, // on this machine's loopback
      credential: { source: 'file', path: agentPasswordFile(folder), user: agentRole },
      masking,
    },
    {
      alias: cloudAlias,
      protocol: 'aws',
      regions: [region],
      endpoints: cloudEndpoints(ports),
      credential: { source: 'file', path: agentKeysFile(folder) },
      masking,
    },
  ],
});

interface Agent {
  readonly id: string;
  readonly name: string;
  readonly connected?: boolean;
  readonly state?: string;
  readonly status?: string;
}

const isConnected = (agent: Agent): boolean =>
  agent.connected === true || [agent.state, agent.status].includes('connected');

const agents = async (admin: Gate): Promise<readonly Agent[]> =>
  (await admin.get<{ items: Agent[] }>('/v1/agents')).items;

const isEnrolled = (folder: Folder): boolean => existsSync(folder.at('agent', 'state', 'identity.json'));

/** Enrols it at the first start, runs it, and waits until the control plane sees it. */
export const startAgent = async (folder: Folder, ports: Ports, processes: Processes, admin: Gate): Promise<Child> => {
  const file = built('agent');
  mkdirSync(folder.at('agent'), { recursive: true, mode: 0o700 });
  if (!isEnrolled(folder)) {
    const { key } = await admin.post<{ key: string }>('/v1/agents/enrolment-keys', {
      name: `${agentName}-${Date.now().toString(36)}`,
    });
    rmSync(folder.at('agent', 'enrolment-key'), { force: true });
    writeFileSync(folder.at('agent', 'enrolment-key'), `${key}\n`, { mode: 0o600 });
  }
  writeFileSync(folder.at('agent', 'agent.yaml'), stringify(configuration(folder, ports)), { mode: 0o600 });
  const child = processes.start('agent', file, ['--config', folder.at('agent', 'agent.yaml')], {});
  await until(child, 'connected', async () => ((await agents(admin)).some(isConnected) ? true : undefined));
  return child;
};

import type { Installation } from '../../testing/installation.js';
import { parentOf } from '../procfs.js';
import type { Peer, PeerProcess } from './peer.js';

/** Rules of the agent's own file, in force for every session. */
export const maskingRules = [
  { id: 'filler', kind: 'column', column: 'public.pgbench_accounts.filler', action: 'redact' },
  { id: 'secret', kind: 'column', column: 'public.big.secret', action: 'redact' },
  { id: 'secrets', kind: 'detector', detector: 'secrets', action: 'redact' },
  { id: 'personal-data', kind: 'detector', detector: 'personal-data', action: 'redact' },
];

export const recordedConnection = 'orders-recorded';

/** The product as a user has it: the pack `postgres-safe`, strict recording, masking. */
export async function gatewayPeers(installation: Installation): Promise<Peer[]> {
  await installation.api('grace', 'POST', '/v1/connections', {
    name: recordedConnection,
    protocol: 'postgres',
    target: 'shop-db',
    databases: ['shop'],
    record_responses: true,
    max_sessions: 1000,
  });
  const processes = await gatewayProcesses(installation);
  return [
    { name: 'gateway', title: 'Sallyport', processes, env: () => installation.env() },
    {
      name: 'gateway-fast-disk',
      title: 'Sallyport, disk that answers at once',
      processes,
      env: () => installation.env(),
      within: (work) => withoutWaiting(installation, work),
    },
    {
      name: 'gateway-recorded',
      title: 'Sallyport, answers recorded',
      processes,
      rare: true,
      env: async () => {
        const { ticket } = await installation.ticket('ada', { connection: recordedConnection });
        return { ...(await installation.env()), PGUSER: recordedConnection, PGPASSWORD: ticket };
      },
    },
  ];
}

/** Everything is written and committed as ever, only that nobody waits for the disk: what remains is the gateway's own. */
async function withoutWaiting<T>({ store }: Installation, work: () => Promise<T>): Promise<T> {
  const waits = async (value: 'on' | 'off'): Promise<void> => {
    await store.query(`alter system set fsync = ${value}`);
    await store.query('select pg_reload_conf()');
  };
  await waits('off');
  try {
    return await work();
  } finally {
    await waits('on');
  }
}

export async function gatewayProcesses({ store, controlPlane, agent }: Installation): Promise<PeerProcess[]> {
  const [checkpointer] = await store.query<{ pid: number }>(
    `select pid from pg_stat_activity where backend_type = 'checkpointer'`,
  );
  return [
    { name: 'control plane', pid: controlPlane.child.pid! },
    { name: 'agent', pid: agent.child.pid! },
    { name: 'store', pid: parentOf(checkpointer!.pid) },
  ];
}

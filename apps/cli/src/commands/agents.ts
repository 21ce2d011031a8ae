import type { Command } from 'commander';
import { command, type Invocation } from '../cli.js';
import { integer, pathOf, without } from '../options.js';
import { table } from '../table.js';

interface Agent {
  readonly id: string;
  readonly name: string;
  readonly state?: string;
  readonly connected?: boolean;
  readonly version?: string;
  readonly targets?: readonly unknown[];
  readonly last_seen_at?: string;
}

const targetName = (target: unknown): unknown =>
  typeof target === 'object' && target !== null && 'alias' in target ? target.alias : target;

export const addAgents = (program: Command): void => {
  const group = program.command('agents').description('the gateway’s ends in private networks');
  command(group, 'list', 'every agent', async (call) => {
    const all = await call.api.all<Agent>('/v1/agents');
    call.show(all, () =>
      table(all, {
        id: (a) => a.id,
        name: (a) => a.name,
        state: (a) => a.state ?? (a.connected ? 'connected' : 'offline'),
        version: (a) => a.version,
        targets: (a) => a.targets?.map(targetName),
        seen: (a) => a.last_seen_at,
      }),
    );
  });
  command(
    group,
    'enrol <name>',
    'make a one-time enrolment key (admin)',
    async (call: Invocation<{ ttl?: number }>, name) => {
      const made = await call.api.send<{ key: string }>('POST', '/v1/agents/enrolment-keys', {
        name,
        ...without({ ttl_seconds: call.options.ttl }),
      });
      call.show(made, () => `${made.key}\n`);
      if (!call.options.json) call.say('shown once: give it to the agent as its enrolment key');
    },
  ).option('--ttl <seconds>', 'how long it may be used', integer);
  command(group, 'revoke <agent>', 'shut an agent out at once (admin)', async (call, id) => {
    await call.api.send('DELETE', pathOf('/v1/agents', id));
    call.show({ revoked: id }, () => `revoked ${id}\n`);
  });
};

import type { AgentId } from '@sallyport/core';
import type { TargetOffer } from '@sallyport/tunnel';

/** A row of `agents`. */
export interface Agent {
  readonly id: AgentId;
  readonly name: string;
  readonly version: string;
  readonly witness_key: string;
  readonly targets: readonly TargetOffer[];
  readonly enrolled_at: Date;
  readonly last_seen_at: Date;
  /** Renewed by the replica that it is linked to. */
  readonly linked_until: Date | null;
  readonly revoked_at: Date | null;
}

export interface AgentView {
  readonly id: string;
  readonly name: string;
  readonly state: 'connected' | 'offline' | 'revoked';
  readonly connected: boolean;
  readonly version: string;
  readonly targets: readonly TargetOffer[];
  /** C2SP verifier key, for auditors to pin. */
  readonly witness_key: string;
  readonly enrolled_at: string;
  readonly last_seen_at: string;
  readonly revoked_at: string | null;
}

const stateOf = ({ revoked_at, linked_until }: Agent, now: Date): AgentView['state'] => {
  if (revoked_at !== null) return 'revoked';
  return linked_until !== null && linked_until > now ? 'connected' : 'offline';
};

export const viewOf = (agent: Agent, now: Date): AgentView => {
  const state = stateOf(agent, now);
  return {
    id: agent.id,
    name: agent.name,
    state,
    connected: state === 'connected',
    version: agent.version,
    targets: agent.targets,
    witness_key: agent.witness_key,
    enrolled_at: agent.enrolled_at.toISOString(),
    last_seen_at: agent.last_seen_at.toISOString(),
    revoked_at: agent.revoked_at?.toISOString() ?? null,
  };
};

import { GatewayError } from '@sallyport/core';

/** Versions of the tunnel protocol that this library speaks, both ends. */
export const protocolRange = { min: 1, max: 1 } as const;

export interface VersionRange {
  readonly min: number;
  readonly max: number;
}

/**
 * @returns the highest version that both speak
 * @throws AGENT_INCOMPATIBLE when there is none
 */
export function commonVersion(agent: VersionRange, controlPlane: VersionRange): number {
  const version = Math.min(agent.max, controlPlane.max);
  if (version >= agent.min && version >= controlPlane.min) return version;
  throw new GatewayError(
    'AGENT_INCOMPATIBLE',
    `the agent speaks tunnel versions ${agent.min} to ${agent.max}, the control plane ${controlPlane.min} to ${controlPlane.max}`,
    { hint: agent.max < controlPlane.min ? 'update the agent' : 'update the control plane' },
  );
}

import type { AgentRow } from './ai-session-rows.js';

/** Of a path; a chain that is longer is a client that makes things up. */
export const mostLevels = 16;

type Kin = Pick<AgentRow, 'agent_id' | 'parent_agent_id'>;

/** The way to each sub-agent from the main conversation, ids joined by `/`. */
export function agentPaths(agents: readonly Kin[]): ReadonlyMap<string, string> {
  const parents = new Map(agents.map(({ agent_id, parent_agent_id }) => [agent_id, parent_agent_id]));
  return new Map(agents.map(({ agent_id }) => [agent_id, pathOf(agent_id, parents)]));
}

function pathOf(agent: string, parents: ReadonlyMap<string, string | null>): string {
  const way = [agent];
  for (let at = parents.get(agent); at != null && way.length < mostLevels; at = parents.get(at)) way.unshift(at);
  return way.join('/');
}

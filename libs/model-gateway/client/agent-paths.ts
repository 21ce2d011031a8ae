import type { ClientTurn } from './surface.js';

const most = 10_000;

/**
 * The way from the main conversation to each sub-agent. A client names itself and its parent only: what is above that was
 * said by the parent's own requests. Bounded: of one whose parent was forgotten the path begins with that parent.
 */
export class AgentPaths {
  readonly #paths = new Map<string, string>();

  /** @param whose so that nobody's ids mean anything in somebody else's sessions */
  along(whose: string, { turn, parentAgent, ...rest }: ClientTurn): ClientTurn {
    const { agent } = turn;
    if (agent === undefined) return { turn, ...rest };
    const keyOf = (id: string): string => JSON.stringify([whose, turn.client, turn.aiSession, id]);
    const above = parentAgent === undefined || parentAgent === agent ? undefined : parentAgent;
    const path = above === undefined ? agent : `${this.#paths.get(keyOf(above)) ?? above}/${agent}`;
    if (path.length > longestPath) return { turn, ...rest };
    this.#keep(keyOf(agent), path);
    return { turn: { ...turn, agent: path }, ...rest };
  }

  #keep(key: string, path: string): void {
    this.#paths.delete(key);
    this.#paths.set(key, path);
    if (this.#paths.size > most) this.#paths.delete(this.#paths.keys().next().value!);
  }
}

const longestPath = 1_024;

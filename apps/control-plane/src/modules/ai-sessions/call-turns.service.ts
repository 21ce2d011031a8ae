import { Injectable } from '@nestjs/common';
import { rowOf } from '../../platform/index.js';
import type { ToolCallRow, TurnRow } from './ai-session-rows.js';
import type { Scene } from './scene.js';
import { Turns } from './turns.service.js';

export interface PlacedCall {
  readonly known?: ToolCallRow | undefined;
  /** The client's id of the turn, where the witness tells it. */
  readonly clientTurn?: string | undefined;
  readonly agent?: string | undefined;
}

/** From a tool call to the turn that it belongs to. */
@Injectable()
export class CallTurns {
  constructor(private readonly turns: Turns) {}

  /** The turn that the client names; else the one that it is in already, its sub-agent's, the current one, a new one. */
  async of(scene: Scene, { known, clientTurn, agent }: PlacedCall): Promise<TurnRow> {
    if (clientTurn !== undefined) return this.ofNamed(scene, clientTurn, { known, agent });
    return (
      (known && (await this.turns.get(scene.tx, known.turn_id))) ??
      (agent === undefined ? undefined : await this.ofAgent(scene, agent)) ??
      (await this.turns.current(scene.tx, scene.session.id)) ??
      (await this.turns.latest(scene.tx, scene.session.id)) ??
      this.turns.begin(scene, { origin: originOf(scene) })
    );
  }

  /**
   * Telemetry names the turn of a call that others have told of. Only a name that the gateway has made up gives way; what
   * a sub-agent does says nothing of the turn that goes on meanwhile.
   */
  async renamed(scene: Scene, known: ToolCallRow, clientTurn: string | undefined): Promise<TurnRow> {
    const shown = (await this.turns.get(scene.tx, known.turn_id))!; // a foreign key says so
    if (clientTurn === undefined || shown.named) return shown;
    const named = await this.turns.named(scene.tx, scene.session.id, clientTurn);
    if (named !== undefined || known.agent_id !== null) return named ?? shown;
    return this.turns.rename(scene, shown, clientTurn);
  }

  private async ofNamed(scene: Scene, clientTurn: string, { known, agent }: PlacedCall): Promise<TurnRow> {
    const { tx, session } = scene;
    const named = await this.turns.named(tx, session.id, clientTurn);
    if (named !== undefined) {
      // A turn whose end was told goes on when its main conversation calls a tool; what sub-agents do outlives it.
      if (agent === undefined && named.ended_at !== null && (await this.isLatest(scene, named)))
        await this.turns.goOn(scene, named);
      return named;
    }
    // The hook of the prompt was lost, but model traffic has shown the turn: now its name is known.
    const shown = known && (await this.turns.get(tx, known.turn_id));
    if (shown !== undefined && !shown.named) return this.turns.rename(scene, shown, clientTurn);
    return this.turns.begin(scene, { clientTurn, origin: originOf(scene) });
  }

  private async isLatest({ tx, session }: Scene, turn: TurnRow): Promise<boolean> {
    return (await this.turns.latest(tx, session.id))?.id === turn.id;
  }

  private ofAgent({ tx, session }: Scene, path: string): Promise<TurnRow | undefined> {
    return rowOf(
      tx,
      `select t.* from ai_turns t join ai_agents a on a.turn_id = t.id where a.ai_session_id = $1 and a.agent_id = $2`,
      [session.id, path.split('/').at(-1)],
    );
  }
}

const originOf = ({ identity }: Scene) => (identity.class === 'person' ? ('human' as const) : ('sdk' as const));

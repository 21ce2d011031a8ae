import { Injectable } from '@nestjs/common';
import type { Identity, TurnContext } from '@sallyport/core';
import type { ModelWitness } from '@sallyport/engine';
import { unnamedClient } from './ai-session-rows.js';
import { AiSessions } from './ai-sessions.service.js';
import { CallTurns } from './call-turns.service.js';
import { HeardMessages } from './heard-messages.service.js';
import { refuseKilled } from './killed.js';
import { KnownCalls } from './known-calls.js';
import type { Scene, Speaker } from './scene.js';
import { SubAgents } from './sub-agents.service.js';
import { marksOf } from './told-call.js';
import { ToolCalls } from './tool-calls.service.js';
import { inputOfText } from './tool-input.js';
import { Turns } from './turns.service.js';

type Seen<K extends ModelWitness['kind']> = Extract<ModelWitness, { kind: K }>;

/** The second witness: what model traffic shows while it passes this gateway. */
@Injectable()
export class ModelWitnesses {
  constructor(
    private readonly sessions: AiSessions,
    private readonly heard: HeardMessages,
    private readonly turns: Turns,
    private readonly callTurns: CallTurns,
    private readonly calls: ToolCalls,
    private readonly agents: SubAgents,
    private readonly knownCalls: KnownCalls,
  ) {}

  /**
   * Durable when it resolves. Traffic that names no AI session belongs to none: its exchanges are on record, and there is
   * nothing that another witness could tell of it.
   * @throws GatewayError RECORDING_UNAVAILABLE, SESSION_ENDED
   */
  async witness({ identity }: { readonly identity: Identity }, seen: ModelWitness): Promise<void> {
    const speaker = speakerOf(identity, seen.turn);
    if (speaker === undefined || !(await this.isNews(speaker, seen))) return;
    if (isOfPeople(seen)) await this.hear(speaker, seen);
    else await this.sessions.enter(speaker, (scene) => this.take(scene, seen));
  }

  private async hear(speaker: Speaker, { turn, message, operation }: Seen<'message'>): Promise<void> {
    await this.heard.hear(speaker, {
      text: message.text,
      isNotification: message.kind === 'notification',
      ...(turn.turn === undefined ? {} : { clientTurn: turn.turn }),
      ...(operation === undefined ? {} : { request: operation }),
    });
  }

  /** Most results of tools have been told by a hook before: what changes nothing waits for no commit. */
  private async isNews(speaker: Speaker, seen: ModelWitness): Promise<boolean> {
    const isInternal = seen.kind === 'message' && seen.message.kind === 'internal';
    if (seen.kind !== 'tool-result' && !isInternal) return true;
    const known = await this.knownCalls.find(speaker, seen.kind === 'tool-result' ? seen.id : '');
    refuseKilled(known?.killed_at);
    return known?.finished_at === null || known?.named === false;
  }

  private async take(scene: Scene, seen: ModelWitness): Promise<void> {
    refuseKilled(scene.session.killed_at);
    switch (seen.kind) {
      case 'message':
        return this.message(scene, seen);
      case 'tool-call':
        return this.toolCall(scene, seen);
      case 'tool-result':
        return this.toolResult(scene, seen);
    }
  }

  private async message(scene: Scene, { turn }: Seen<'message'>): Promise<void> {
    if (turn.agent !== undefined) await this.agents.meet(scene, turn.agent);
  }

  private async toolCall(
    scene: Scene,
    { turn: context, id, name, input, operation }: Seen<'tool-call'>,
  ): Promise<void> {
    const known = await this.calls.find(scene.tx, scene.session.id, id);
    const turn = await this.callTurns.of(scene, { known, clientTurn: context.turn, agent: context.agent });
    const said = inputOfText(input);
    await this.calls.tell(scene, {
      toolUse: id,
      name,
      turn,
      known,
      input: said,
      ...(context.agent === undefined ? {} : { agent: context.agent }),
      telling: {
        event: 'proposed',
        at: scene.at,
        marks: marksOf(scene.personal, said, scene.session.client),
        operation,
      },
    });
  }

  /** Of calls that have been seen: a client that goes on with an old conversation sends results of calls from before. */
  private async toolResult(scene: Scene, { id, isError, operation }: Seen<'tool-result'>): Promise<void> {
    const known = await this.calls.find(scene.tx, scene.session.id, id);
    const turn = known && (await this.turns.get(scene.tx, known.turn_id));
    if (known === undefined || turn === undefined) return;
    if (operation !== undefined) await this.turns.noteRequest(scene.tx, turn, operation);
    const outcome = isError ? 'failed' : 'done';
    await this.calls.tell(scene, {
      toolUse: id,
      name: known.name,
      turn,
      known,
      telling: { event: 'finished', at: scene.at, outcome },
    });
  }
}

const speakerOf = (identity: Identity, { client = unnamedClient, aiSession }: TurnContext): Speaker | undefined =>
  aiSession === undefined ? undefined : { identity, client, clientSession: aiSession };

/** What a sub-agent is asked, its parent has written: it is in the input of the call that started it. */
const isOfPeople = (seen: ModelWitness): seen is Seen<'message'> =>
  seen.kind === 'message' && seen.turn.agent === undefined && seen.message.kind !== 'internal';

import { Injectable } from '@nestjs/common';
import type { Identity } from '@sallyport/core';
import type { TurnRow } from './ai-session-rows.js';
import { AiSessions } from './ai-sessions.service.js';
import { CallTurns } from './call-turns.service.js';
import { callDenied, type HookAnswer, noOpinion, promptBlocked, sessionEnded } from './hook-answer.js';
import type { HookEvent } from './hook-event.js';
import { Prompts } from './prompts.service.js';
import type { Scene } from './scene.js';
import { SubAgents } from './sub-agents.service.js';
import { marksOf } from './told-call.js';
import { ToolCalls } from './tool-calls.service.js';
import { inputOfValue } from './tool-input.js';
import { Turns } from './turns.service.js';

type Of<K extends HookEvent['kind']> = Extract<HookEvent, { kind: K }>;

/** The first witness: what the client's hooks tell before and after it does something. */
@Injectable()
export class Hooks {
  constructor(
    private readonly sessions: AiSessions,
    private readonly prompts: Prompts,
    private readonly turns: Turns,
    private readonly callTurns: CallTurns,
    private readonly calls: ToolCalls,
    private readonly agents: SubAgents,
  ) {}

  /** Keeps what is told; resolves once that is durable. @throws GatewayError RECORDING_UNAVAILABLE */
  async tell(identity: Identity, client: string, event: HookEvent): Promise<HookAnswer> {
    if (event.kind === 'other') return noOpinion;
    return this.sessions.enter({ identity, client, clientSession: event.session }, (scene) => this.take(scene, event));
  }

  private async take(scene: Scene, event: HookEvent): Promise<HookAnswer> {
    switch (event.kind) {
      case 'prompted':
        return this.prompted(scene, event);
      case 'asked':
        return this.asked(scene, event);
      case 'finished':
        await this.finished(scene, event);
        break;
      case 'agent-started':
        await this.agents.started(scene, event.agent, await this.turnOf(scene, event), event.type);
        break;
      case 'agent-stopped':
        await this.agents.stopped(scene, event.agent);
        break;
      case 'stopped':
        await this.stopped(scene, event);
        break;
      case 'ended':
        await this.sessions.end(scene, event.reason);
        break;
      case 'reconfigured':
        await this.sessions.reconfigured(scene, event.what);
        break;
      case 'other':
    }
    return noOpinion;
  }

  private async prompted(scene: Scene, { text, turn }: Of<'prompted'>): Promise<HookAnswer> {
    await this.prompts.typed(scene, { text, ...(turn === undefined ? {} : { clientTurn: turn }) });
    return scene.session.killed_at === null ? noOpinion : promptBlocked(sessionEnded);
  }

  private async asked(scene: Scene, event: Of<'asked'>): Promise<HookAnswer> {
    const { toolUse, name, agent } = event;
    const input = inputOfValue(event.input);
    const marks = marksOf(scene.personal, input, scene.session.client);
    const known = await this.calls.find(scene.tx, scene.session.id, toolUse);
    const turn = await this.callTurns.of(scene, { known, clientTurn: event.turn, agent });
    const refusal =
      scene.session.killed_at === null
        ? (known?.refusal ?? (await this.calls.refusedBefore(scene.tx, turn.id, name, marks)))
        : sessionEnded;
    const call = await this.calls.tell(scene, {
      toolUse,
      name,
      turn,
      known,
      input,
      ...(agent === undefined ? {} : { agent }),
      ...(refusal === undefined ? {} : { refusal }),
      telling: { event: 'asked', at: scene.at, marks },
    });
    if (refusal === undefined) return noOpinion;
    await this.calls.refuse(scene.tx, call.id, refusal);
    return callDenied(refusal);
  }

  private async finished(scene: Scene, event: Of<'finished'>): Promise<void> {
    const { toolUse, name, agent, outcome } = event;
    const input = inputOfValue(event.input);
    const known = await this.calls.find(scene.tx, scene.session.id, toolUse);
    const turn = await this.callTurns.of(scene, { known, clientTurn: event.turn, agent });
    const marks = marksOf(scene.personal, input, scene.session.client);
    await this.calls.tell(scene, {
      toolUse,
      name,
      turn,
      known,
      input,
      ...(agent === undefined ? {} : { agent }),
      telling: { event: 'finished', at: scene.at, outcome, marks },
    });
  }

  /** The main conversation has nothing more to do in this turn; a sub-agent's stop ends the sub-agent only. */
  private async stopped(scene: Scene, { turn, agent }: Of<'stopped'>): Promise<void> {
    if (agent !== undefined) return this.agents.stopped(scene, agent);
    const { tx, session } = scene;
    const stopped =
      turn === undefined ? await this.turns.current(tx, session.id) : await this.turns.named(tx, session.id, turn);
    if (stopped !== undefined) await this.turns.end(scene, stopped);
  }

  private turnOf(scene: Scene, { turn, agent }: Of<'agent-started'>): Promise<TurnRow> {
    return this.callTurns.of(scene, { clientTurn: turn, agent });
  }
}

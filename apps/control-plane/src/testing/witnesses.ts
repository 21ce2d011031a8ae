import { randomUUID } from 'node:crypto';
import type { INestApplicationContext } from '@nestjs/common';
import type { Identity, OperationId } from '@sallyport/core';
import type { ToolCallRow, TurnRow } from '../modules/ai-sessions/ai-session-rows.js';
import { AiSessions } from '../modules/ai-sessions/ai-sessions.service.js';
import { CallTurns } from '../modules/ai-sessions/call-turns.service.js';
import { Prompts } from '../modules/ai-sessions/prompts.service.js';
import type { Scene } from '../modules/ai-sessions/scene.js';
import { SubAgents } from '../modules/ai-sessions/sub-agents.service.js';
import { marksOf } from '../modules/ai-sessions/told-call.js';
import { ToolCalls } from '../modules/ai-sessions/tool-calls.service.js';
import { inputOfValue } from '../modules/ai-sessions/tool-input.js';

interface Told {
  readonly id?: string;
  readonly name?: string;
  readonly input: object;
  readonly clientTurn?: string;
  readonly agent?: string;
}

/** One conversation of somebody with an AI client, told of as hooks and model traffic would. */
export interface Conversation {
  readonly client: string;
  readonly session: string;
  typed(text: string, clientTurn?: string): Promise<TurnRow>;
  /** The model's own tool call. */
  proposed(call: Told): Promise<ToolCallRow>;
  /** The client's hook before it runs one. */
  asked(call: Told): Promise<ToolCallRow>;
  /** Both, of the same call. */
  called(call: Told): Promise<ToolCallRow>;
  finished(id: string): Promise<ToolCallRow>;
  /** The client says that it is over. */
  left(): Promise<void>;
}

export function conversationOf(
  app: INestApplicationContext,
  identity: Identity,
  { client = 'claude-code', session = randomUUID() }: { client?: string; session?: string } = {},
): Conversation {
  const calls = app.get(ToolCalls);
  const enter = <T>(work: (scene: Scene) => Promise<T>): Promise<T> =>
    app.get(AiSessions).enter({ identity, client, clientSession: session }, work);
  const tell = (event: 'proposed' | 'asked', { id = randomUUID(), name = 'Bash', input, clientTurn, agent }: Told) =>
    enter(async (scene) => {
      const known = await calls.find(scene.tx, scene.session.id, id);
      const turn = await app.get(CallTurns).of(scene, { known, clientTurn, agent });
      if (agent !== undefined) await app.get(SubAgents).meet(scene, agent);
      const read = inputOfValue(input);
      const told = { at: scene.at, marks: marksOf(scene.personal, read, scene.session.client) };
      const telling =
        event === 'asked' ? { event, ...told } : { event, ...told, operation: randomUUID() as string as OperationId };
      return calls.tell(scene, { toolUse: id, name, turn, input: read, telling, ...(agent && { agent }) });
    });
  return {
    client,
    session,
    typed: (text, clientTurn) =>
      enter((scene) => app.get(Prompts).typed(scene, { text, ...(clientTurn && { clientTurn }) })),
    proposed: (call) => tell('proposed', call),
    asked: (call) => tell('asked', call),
    called: async (call) => {
      const { tool_use_id: id } = await tell('proposed', call);
      return tell('asked', { ...call, id });
    },
    finished: (id) =>
      enter(async (scene) => {
        const known = (await calls.find(scene.tx, scene.session.id, id))!;
        const turn = await app.get(CallTurns).of(scene, { known });
        const telling = { event: 'finished' as const, at: scene.at, outcome: 'done' as const };
        return calls.tell(scene, { toolUse: id, name: known.name, turn, telling });
      }),
    left: () => enter((scene) => app.get(AiSessions).end(scene, 'exit')),
  };
}

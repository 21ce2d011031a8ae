import { Injectable } from '@nestjs/common';
import type { OperationId } from '@sallyport/core';
import { rowOf } from '../../platform/index.js';
import type { TurnOrigin, TurnRow } from './ai-session-rows.js';
import { AiSessions } from './ai-sessions.service.js';
import { isNotification, notifiedOf } from './notification.js';
import type { Scene } from './scene.js';
import { TurnMessages } from './turn-messages.service.js';
import { Turns } from './turns.service.js';

export interface TypedPrompt {
  readonly text: string;
  /** The client's id of the turn. */
  readonly clientTurn?: string;
}

export interface HeardMessage {
  readonly text: string;
  readonly isNotification: boolean;
  readonly clientTurn?: string;
  /** The request to the model that it came in. */
  readonly request?: OperationId;
}

/** What telemetry tells seconds later. */
export interface ReportedPrompt {
  readonly text: string;
  readonly clientTurn?: string | undefined;
  /** When it was typed, by the client's clock. */
  readonly at?: Date | undefined;
}

interface Beginning {
  readonly origin: TurnOrigin;
  readonly text: string;
  readonly clientTurn?: string | undefined;
  readonly past?: Date | undefined;
}

/** From something said to the turn that it belongs to. */
@Injectable()
export class Prompts {
  constructor(
    private readonly sessions: AiSessions,
    private readonly turns: Turns,
    private readonly messages: TurnMessages,
  ) {}

  /** A hook tells a prompt before the client does anything about it. */
  async typed(scene: Scene, { text, clientTurn }: TypedPrompt): Promise<TurnRow> {
    await this.sessions.resume(scene);
    const origin = originOf(scene, isNotification(text));
    const known = clientTurn === undefined ? undefined : await this.turns.named(scene.tx, scene.session.id, clientTurn);
    const turn =
      known ??
      (await this.heardAlready(scene, text, clientTurn)) ??
      (await this.begin(scene, { origin, text, clientTurn }));
    if (known !== undefined) await this.turns.goOn(scene, known);
    await this.messages.add(scene, turn, { source: 'hook', kind: origin, text });
    return turn;
  }

  /** Model traffic shows a message of the user's side. */
  async heard(scene: Scene, heard: HeardMessage): Promise<TurnRow> {
    const notified = heard.isNotification || isNotification(heard.text);
    const origin = originOf(scene, notified);
    const turn =
      (await this.turnOfHeard(scene, heard)) ??
      (await this.begin(scene, { origin, text: heard.text, clientTurn: heard.clientTurn }));
    await this.messages.add(scene, turn, { source: 'model', kind: origin, text: heard.text });
    if (heard.request !== undefined) await this.turns.noteRequest(scene.tx, turn, heard.request);
    return turn;
  }

  /**
   * Telemetry tells a prompt that others may have told before.
   * @returns its turn; undefined where several turns without a name say the same: their tool calls tell which is which
   */
  async reported(scene: Scene, { text, clientTurn, at }: ReportedPrompt): Promise<TurnRow | undefined> {
    const origin = originOf(scene, isNotification(text));
    const saying = await this.turnsOfReported(scene, text, clientTurn);
    if (saying.length > 1) return undefined;
    const told = saying[0] ?? (await this.heardAlready(scene, text, clientTurn));
    const turn = told ?? (await this.begin(scene, { origin, text, clientTurn, past: await this.pastOf(scene, at) }));
    await this.messages.add(scene, turn, { source: 'otlp', kind: origin, text });
    return turn;
  }

  private async turnsOfReported(scene: Scene, text: string, clientTurn?: string): Promise<TurnRow[]> {
    const saying = await this.messages.turnsSaying(scene, text);
    // A client that names no turn says the same of all its turns: the newest is the one that it means.
    if (clientTurn === undefined) return saying.slice(0, 1);
    const known = await this.turns.named(scene.tx, scene.session.id, clientTurn);
    if (known !== undefined) return [known];
    const unnamed = saying.filter(({ named }) => !named);
    return unnamed.length === 1 ? [await this.turns.rename(scene, unnamed[0]!, clientTurn)] : unnamed;
  }

  /** When a turn began that is over: another one, that began later, goes on. */
  private async pastOf({ tx, session }: Scene, at: Date | undefined): Promise<Date | undefined> {
    const current = at && (await this.turns.current(tx, session.id));
    return current !== undefined && at !== undefined && at < current.started_at ? at : undefined;
  }

  /** What model traffic has shown in a turn without a name, before the hook came. */
  private async heardAlready(scene: Scene, text: string, clientTurn?: string): Promise<TurnRow | undefined> {
    const current = await this.turns.current(scene.tx, scene.session.id);
    if (current === undefined || current.named || !(await this.messages.saysLast(scene, current, text)))
      return undefined;
    return clientTurn === undefined ? current : this.turns.rename(scene, current, clientTurn);
  }

  private async turnOfHeard(scene: Scene, { text, clientTurn, request }: HeardMessage): Promise<TurnRow | undefined> {
    const { tx, session } = scene;
    if (clientTurn !== undefined) {
      const named = await this.turns.named(tx, session.id, clientTurn);
      if (named !== undefined) await this.turns.goOn(scene, named);
      return named;
    }
    const current = await this.turns.current(tx, session.id);
    if (current === undefined || current.named) return current; // a hook has told which turn it is
    const goesOn =
      (request !== undefined && current.last_request === request) ||
      (await this.waits(scene, current)) ||
      (await this.messages.isUnanswered(scene, current, text));
    return goesOn ? current : undefined;
  }

  /** Has the model called a tool whose result has not come back? Then what comes with the result belongs to the same turn. */
  private async waits({ tx }: Scene, turn: TurnRow): Promise<boolean> {
    const open = await rowOf(
      tx,
      'select from ai_tool_calls where turn_id = $1 and proposed_at is not null and finished_at is null limit 1',
      [turn.id],
    );
    return open !== undefined;
  }

  private async begin(scene: Scene, { origin, text, clientTurn, past }: Beginning): Promise<TurnRow> {
    const toolUse = origin === 'notification' ? notifiedOf(text) : undefined;
    const parent = toolUse === undefined ? undefined : await this.turns.ofToolUse(scene.tx, scene.session.id, toolUse);
    return this.turns.begin(scene, {
      origin,
      ...(clientTurn === undefined ? {} : { clientTurn }),
      ...(parent === undefined ? {} : { parent: parent.id }),
      ...(past === undefined ? {} : { past }),
    });
  }
}

// Only people type: what a service account's AI is asked comes from a program.
const originOf = ({ identity }: Scene, notified: boolean): TurnOrigin => {
  if (notified) return 'notification';
  return identity.class === 'person' ? 'human' : 'sdk';
};

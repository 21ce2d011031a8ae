import { Injectable } from '@nestjs/common';
import type { TurnOrigin, TurnRow } from './ai-session-rows.js';
import { AiSessions } from './ai-sessions.service.js';
import { isNotification, notifiedOf } from './notification.js';
import { originOf } from './origin.js';
import type { Scene } from './scene.js';
import { TurnMessages } from './turn-messages.service.js';
import { Turns } from './turns.service.js';

export interface TypedPrompt {
  readonly text: string;
  /** The client's id of the turn. */
  readonly clientTurn?: string;
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
    const origin = originOf(scene.identity, isNotification(text));
    const known = clientTurn === undefined ? undefined : await this.turns.named(scene.tx, scene.session.id, clientTurn);
    const turn =
      known ??
      (await this.heardAlready(scene, text, clientTurn)) ??
      (await this.begin(scene, { origin, text, clientTurn }));
    if (known !== undefined) await this.turns.goOn(scene, known);
    await this.messages.add(scene, turn, { source: 'hook', kind: origin, text });
    return turn;
  }

  /**
   * Telemetry tells a prompt that others may have told before.
   * @returns its turn; undefined where several turns without a name say the same: their tool calls tell which is which
   */
  async reported(scene: Scene, { text, clientTurn, at }: ReportedPrompt): Promise<TurnRow | undefined> {
    const origin = originOf(scene.identity, isNotification(text));
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

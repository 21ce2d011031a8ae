import { Injectable } from '@nestjs/common';
import type { Identity } from '@sallyport/core';
import { DataSource } from 'typeorm';
import type { TurnRow } from '../ai-sessions/ai-session-rows.js';
import { AiSessions } from '../ai-sessions/ai-sessions.service.js';
import { CallTurns } from '../ai-sessions/call-turns.service.js';
import { Prompts } from '../ai-sessions/prompts.service.js';
import type { Scene, Speaker } from '../ai-sessions/scene.js';
import { ToolCalls } from '../ai-sessions/tool-calls.service.js';
import { Turns } from '../ai-sessions/turns.service.js';
import { type ClientEvent, clientEvent } from './client-events.js';
import type { OtlpRecord } from './otlp-records.js';

type Of<K extends ClientEvent['kind']> = Extract<ClientEvent, { kind: K }>;

/** Of one request; a client has one conversation, and exports every few seconds. */
const mostSessions = 50;
const mostPrompts = 200;

interface Telling {
  readonly speaker: Speaker;
  readonly events: ClientEvent[];
}

/** The third witness. It comes late and from the client itself: it adds what the others have not told, and names turns. */
@Injectable()
export class Telemetry {
  constructor(
    private readonly database: DataSource,
    private readonly sessions: AiSessions,
    private readonly prompts: Prompts,
    private readonly turns: Turns,
    private readonly callTurns: CallTurns,
    private readonly calls: ToolCalls,
  ) {}

  /**
   * Keeps what is told, in one transaction for each AI session; the same told again changes nothing.
   * @returns how many records were too many
   * @throws GatewayError RECORDING_UNAVAILABLE
   */
  async tell(identity: Identity, records: readonly OtlpRecord[], signal: 'logs' | 'traces'): Promise<number> {
    const { tellings, left } = grouped(identity, records, signal);
    for (const telling of tellings) await this.tellOne(telling);
    return left;
  }

  private async tellOne({ speaker, events }: Telling): Promise<void> {
    // Only a prompt begins a conversation: the rest is about what is known already, or about nothing.
    const begins = events.some(({ kind }) => kind === 'prompt');
    const { identity, client, clientSession } = speaker;
    if (!begins && (await this.sessions.find(this.database, identity.id, client, clientSession)) === undefined) return;
    await this.sessions.enter(speaker, async (scene) => {
      for (const event of ordered(events)) await this.take(scene, event);
    });
  }

  private take(scene: Scene, event: ClientEvent): Promise<void> {
    switch (event.kind) {
      case 'call':
        return this.call(scene, event);
      case 'prompt':
        return this.prompt(scene, event);
      case 'turn':
        return this.turn(scene, event);
    }
  }

  private async call(scene: Scene, { toolUse, turn: clientTurn, span, trace }: Of<'call'>): Promise<void> {
    const known = await this.calls.find(scene.tx, scene.session.id, toolUse);
    if (known === undefined) return;
    const turn = await this.callTurns.renamed(scene, known, clientTurn);
    await this.calls.place(scene, known, turn);
    if (span !== undefined) await this.calls.noteSpan(scene.tx, known.id, span);
    await this.trace(scene, turn, { clientTurn, trace });
  }

  private async prompt(scene: Scene, { text, turn: clientTurn, trace, at }: Of<'prompt'>): Promise<void> {
    const turn = await this.prompts.reported(scene, { text, clientTurn, at });
    if (turn !== undefined) await this.trace(scene, turn, { clientTurn, trace });
  }

  private async turn(scene: Scene, { turn: clientTurn, trace }: Of<'turn'>): Promise<void> {
    const turn = clientTurn === undefined ? undefined : await this.turns.named(scene.tx, scene.session.id, clientTurn);
    if (turn !== undefined) await this.trace(scene, turn, { clientTurn, trace });
  }

  /** A trace is that of the turn that the record names; where it names none, that of the call it is about. */
  private async trace({ tx }: Scene, turn: TurnRow, { clientTurn, trace }: Traced): Promise<void> {
    if (trace === undefined || (clientTurn !== undefined && turn.client_turn !== clientTurn)) return;
    await this.turns.noteTrace(tx, turn.id, trace);
  }
}

interface Traced {
  readonly clientTurn: string | undefined;
  readonly trace: string | undefined;
}

// Calls tell for certain which turn is which, prompts by their text only; traces are those of turns that have their names.
const order: Readonly<Record<ClientEvent['kind'], number>> = { call: 0, prompt: 1, turn: 2 };

const ordered = (events: readonly ClientEvent[]): ClientEvent[] =>
  [...events].sort((one, other) => order[one.kind] - order[other.kind]);

function grouped(identity: Identity, records: readonly OtlpRecord[], signal: 'logs' | 'traces') {
  const tellings = new Map<string, Telling>();
  let left = 0;
  let prompts = 0;
  for (const record of records) {
    const event = clientEvent(record, signal);
    if (event === undefined) continue;
    const key = `${event.client}\0${event.session}`;
    const known = tellings.get(key);
    const isTooMuch =
      (known === undefined && tellings.size >= mostSessions) || (event.kind === 'prompt' && prompts >= mostPrompts);
    if (isTooMuch) {
      left += 1;
      continue;
    }
    if (event.kind === 'prompt') prompts += 1;
    if (known !== undefined) known.events.push(event);
    else
      tellings.set(key, {
        speaker: { identity, client: event.client, clientSession: event.session },
        events: [event],
      });
  }
  return { tellings: [...tellings.values()], left };
}

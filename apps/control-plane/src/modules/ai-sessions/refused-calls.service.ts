import { Injectable } from '@nestjs/common';
import type { PersonId, Refusal, TurnContext } from '@sallyport/core';
import { DataSource } from 'typeorm';
import { Log } from '../../platform/index.js';
import { unnamedClient } from './ai-session-rows.js';
import { AiSessions } from './ai-sessions.service.js';
import { ToolCalls } from './tool-calls.service.js';

/**
 * Tool calls of which people have rejected something: the client's hook is told to deny the same call when it comes again
 * in that turn. A help for the AI and not the gate: what was rejected is refused at its connection whatever is here.
 */
@Injectable()
export class RefusedCalls {
  constructor(
    private readonly database: DataSource,
    private readonly sessions: AiSessions,
    private readonly calls: ToolCalls,
    private readonly log: Log,
  ) {}

  /** Nobody waits for it. */
  remember(person: PersonId, turn: TurnContext, refusal: Refusal): void {
    if (refusal.code !== 'REVIEW_REJECTED') return; // policies answer at once, and may be changed within a turn
    this.keep(person, turn, refusal).catch((error: unknown) => this.log.warn('ai-session.refusal-unkept', { error }));
  }

  private async keep(person: PersonId, turn: TurnContext, { message }: Refusal): Promise<void> {
    const { client = unnamedClient, aiSession, toolCall } = turn;
    if (aiSession === undefined || toolCall === undefined) return;
    const session = await this.sessions.find(this.database, person, client, aiSession);
    const call = session && (await this.calls.find(this.database, session.id, toolCall));
    if (call !== undefined) await this.calls.refuse(this.database, call.id, message);
  }
}

import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { rowOf } from '../../platform/index.js';
import type { Speaker } from './scene.js';

/** What is known of an AI session and of one tool call in it. */
export interface KnownCall {
  readonly killed_at: Date | null;
  /** null while it runs; undefined where nobody has told of such a call. */
  readonly finished_at: Date | null | undefined;
  /** Has the client named its turn? */
  readonly named: boolean | undefined;
}

/** One look without a lock, for what is told again and again. */
@Injectable()
export class KnownCalls {
  constructor(private readonly database: DataSource) {}

  /** @returns undefined where there is no such AI session */
  async find({ identity, client, clientSession }: Speaker, toolUse: string): Promise<KnownCall | undefined> {
    const row = await rowOf<KnownRow>(
      this.database,
      `select s.killed_at, c.id is not null as told, c.finished_at, t.named from ai_sessions s
         left join ai_tool_calls c on c.ai_session_id = s.id and c.tool_use_id = $4
         left join ai_turns t on t.id = c.turn_id
       where s.person_id = $1 and s.client = $2 and s.client_session = $3`,
      [identity.id, client, clientSession, toolUse],
    );
    if (row === undefined) return undefined;
    const { killed_at, told, finished_at, named } = row;
    return { killed_at, finished_at: told ? finished_at : undefined, named: told ? named : undefined };
  }
}

interface KnownRow {
  readonly killed_at: Date | null;
  readonly told: boolean;
  readonly finished_at: Date | null;
  readonly named: boolean;
}

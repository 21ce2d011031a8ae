import { Injectable } from '@nestjs/common';
import type { Sql } from '../../platform/index.js';

/** By which command a ticket was matched to its tool call, as a fingerprint. */
@Injectable()
export class TicketMarks {
  /** Of tickets that have expired long ago: nobody compares it any more. */
  async forget(tx: Sql, calls: readonly string[]): Promise<void> {
    if (calls.length === 0) return;
    await tx.query(
      'update tickets set command_hmac = null where ai_tool_call_id = any($1::uuid[]) and command_hmac is not null',
      [calls],
    );
  }
}

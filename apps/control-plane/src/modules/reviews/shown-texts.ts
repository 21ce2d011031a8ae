import { Injectable } from '@nestjs/common';
import { GatewayError, type Operation, type ReviewId, type SessionId } from '@sallyport/core';
import { Random } from '../../platform/index.js';
import { openBytes, sealBytes } from '../evidence/sealed-bytes.js';
import { SessionKeys } from '../evidence/session-keys.js';
import type { ReviewRow } from './review-row.js';

/** What a reviewer reads before he decides. */
export interface Shown {
  readonly text: string;
  readonly parameters: readonly (string | null)[];
}

/** Keeps statements under the key of their session, so that destroying it erases them here as in the evidence. */
@Injectable()
export class ShownTexts {
  constructor(
    private readonly keys: SessionKeys,
    private readonly random: Random,
  ) {}

  /** @throws GatewayError REVIEW_UNAVAILABLE when the session's key has been destroyed */
  async seal(id: ReviewId, session: SessionId, { text, parameters = [] }: Operation): Promise<Buffer> {
    const key = await this.keys.obtain(session);
    if (key === undefined) throw new GatewayError('REVIEW_UNAVAILABLE', 'the key of this session has been destroyed');
    return sealBytes(key, contextOf(id), Buffer.from(JSON.stringify({ text, parameters })), (size) =>
      this.random.bytes(size),
    );
  }

  /** @returns undefined once it has been erased. @throws GatewayError EVIDENCE_INCONSISTENT when the row was changed */
  async open({ id, session_id, shown }: ReviewRow): Promise<Shown | undefined> {
    const key = await this.keys.find(session_id);
    return key && (JSON.parse(openBytes(key, contextOf(id), shown).toString()) as Shown);
  }
}

const contextOf = (id: ReviewId): string => `review ${id}`;

import { Injectable } from '@nestjs/common';
import { GatewayError, type Operation, type ReviewId, type SessionId } from '@sallyport/core';
import { Random } from '../../platform/index.js';
import { holdsPrompt, sessionPromptKey } from '../evidence/prompt-keys.js';
import { openBytes, sealBytes } from '../evidence/sealed-bytes.js';
import { SessionKeys } from '../evidence/session-keys.js';
import type { ReviewRow } from './review-row.js';

/** What a reviewer reads before he decides. */
export interface Shown {
  readonly text: string;
  readonly parameters: readonly (string | null)[];
}

/** How it is kept. */
export type SealedShown = Pick<ReviewRow, 'shown' | 'shown_key'>;

/** Keeps statements under the key of their session, so that destroying it erases them here as in the evidence. */
@Injectable()
export class ShownTexts {
  constructor(
    private readonly keys: SessionKeys,
    private readonly random: Random,
  ) {}

  /** @throws GatewayError REVIEW_UNAVAILABLE when the session's key has been destroyed */
  async seal(id: ReviewId, session: SessionId, operation: Operation): Promise<SealedShown> {
    const { text, parameters = [] } = operation;
    const prompts = holdsPrompt(operation) ? sessionPromptKey(session) : undefined;
    const key = await (prompts === undefined
      ? this.keys.obtain(session)
      : this.keys.obtainWithin(prompts.id, prompts.parent));
    if (key === undefined) throw new GatewayError('REVIEW_UNAVAILABLE', 'the key of this session has been destroyed');
    const plain = Buffer.from(JSON.stringify({ text, parameters }));
    return {
      shown: sealBytes(key, contextOf(id), plain, (size) => this.random.bytes(size)),
      shown_key: prompts?.id ?? null,
    };
  }

  /** @returns undefined once it has been erased. @throws GatewayError EVIDENCE_INCONSISTENT when the row was changed */
  async open({ id, session_id, shown, shown_key }: ReviewRow): Promise<Shown | undefined> {
    const key = await this.keys.find(shown_key ?? session_id);
    return key && (JSON.parse(openBytes(key, contextOf(id), shown).toString()) as Shown);
  }
}

const contextOf = (id: ReviewId): string => `review ${id}`;

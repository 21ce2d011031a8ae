import { Injectable } from '@nestjs/common';
import type { OperationId, SessionId } from '@sallyport/core';
import { RecordingChain, type SignedFooter, signAlone } from '@sallyport/evidence';
import { Log } from '../../platform/index.js';
import { LogIdentity } from '../evidence/log-identity.js';
import { StoredRecordings } from './stored-recordings.js';

/** What was recorded of an operation whose own replica can no longer sign it. */
@Injectable()
export class LostRecordings {
  constructor(
    private readonly recordings: StoredRecordings,
    private readonly identity: LogIdentity,
    private readonly log: Log,
  ) {}

  /** @returns undefined where nothing was recorded, and where it cannot be read: the session's end does not wait for that */
  async footerOf(session: SessionId, operation: OperationId): Promise<SignedFooter | undefined> {
    const chain = new RecordingChain({ session, operation });
    try {
      for await (const chunk of this.recordings.stored(session, operation)) chain.add(chunk);
    } catch (error) {
      this.log.error('recording.lost', { session, operation, error });
      return undefined;
    }
    const footer = chain.footer();
    return footer.chunks === 0 ? undefined : signAlone(footer, await this.identity.footerSigner());
  }
}

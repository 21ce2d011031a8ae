import { Injectable } from '@nestjs/common';
import { RecordingChain, type SignedFooter, signAlone } from '@sallyport/evidence';
import { Log } from '../../platform/index.js';
import { LogIdentity } from '../evidence/log-identity.js';
import type { RecordedOperation } from '../evidence/recording-reader.js';
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
  async footerOf(recorded: RecordedOperation): Promise<SignedFooter | undefined> {
    const { session, operation } = recorded;
    const chain = new RecordingChain({ session, operation });
    try {
      for await (const chunk of this.recordings.stored(recorded)) chain.add(chunk);
    } catch (error) {
      this.log.error('recording.lost', { session, operation, error });
      return undefined;
    }
    const footer = chain.footer();
    return footer.chunks === 0 ? undefined : signAlone(footer, await this.identity.footerSigner());
  }
}

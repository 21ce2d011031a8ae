import type { OperationId, SessionId } from '@sallyport/core';

/** Opened chunks of recorded responses, in order; the recording module provides it. */
export abstract class RecordingReader {
  /**
   * @param count as the footer on record says
   * @throws GatewayError EVIDENCE_INCONSISTENT when chunks are missing; nothing comes once the session's key is destroyed
   */
  abstract chunks(session: SessionId, operation: OperationId, count: number): AsyncIterable<Uint8Array>;
}

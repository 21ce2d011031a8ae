import type { OperationId, SessionId } from '@sallyport/core';

/** Whose response it is, and the key that its outcome is sealed under: what was recorded is under one derived from it. */
export interface RecordedOperation {
  readonly session: SessionId;
  readonly operation: OperationId;
  readonly keyId: string;
}

/** Opened chunks of recorded responses, in order; the recording module provides it. */
export abstract class RecordingReader {
  /**
   * @param count as the footer on record says
   * @throws GatewayError EVIDENCE_INCONSISTENT when chunks are missing; nothing comes once the key is destroyed
   */
  abstract chunks(recorded: RecordedOperation, count: number): AsyncIterable<Uint8Array>;
}

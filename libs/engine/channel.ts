import type { GatewayError } from '@sallyport/core';

/** Kinds of frame, the same for every protocol; `proto/sallyport/v1/tunnel.proto` lists them with their meaning. */
export const FrameKind = {
  /** control → agent: what to open; head is the protocol's own. */
  OPEN: 1,
  /** agent → control: the target is ready; head is the protocol's own. */
  OPENED: 2,
  /** control → agent: bytes of an admitted exchange for the target. */
  FORWARD: 3,
  /** control → agent: answer this exchange with a refusal, in order; body is the answer. */
  REFUSE: 4,
  /** control → agent: the masking plan from here on, as canonical JSON in body. */
  PLAN: 5,
  /** control → agent: ask the target to stop what it is doing. */
  CANCEL: 6,
  /** agent → control: masked bytes for the client; at most 256 KiB, and never split or joined on the way. */
  DATA: 7,
  /** agent → control: an exchange is over; head is its outcome, in the protocol's own form. */
  OUTCOME: 8,
  /** agent → control: the target started something; body is masked and held until decided. */
  RAISE: 9,
  /** either way: the session is over; head is a refusal as JSON, or empty. */
  CLOSE: 10,
  /** agent → control: the target's catalogue has changed; head is the digest of the new snapshot, which the Link carries. */
  CATALOGUE: 11,
  /** control → agent: what was decided of what the target started; head is the protocol's own and names which. */
  VERDICT: 12,
  /** control → agent: what was forwarded as held is on record, and may go to the target. */
  PROCEED: 13,
} as const;
export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind];

export interface Frame {
  readonly kind: FrameKind;
  /** Number of the exchange within its session, from 1; 0 where none is meant. */
  readonly exchange: number;
  readonly head: Uint8Array;
  readonly body: Uint8Array;
}

/** One session's two-way stream of frames between control plane and agent, with flow control of its own. */
export interface Channel {
  /** @returns false when the other end is slow: wait for `drained` before writing more */
  write(frame: Frame): boolean;
  drained(): Promise<void>;
  /** Pulled: while nobody reads, the other end is held back. Ends with the channel; throws a GatewayError when it broke. */
  readonly frames: AsyncIterable<Frame>;
  /** Resolves once the way has ended in both directions or has broken, whether or not anybody reads. */
  readonly closed: Promise<void>;
  /** After what was written. */
  end(): void;
  /** At once. */
  destroy(error: GatewayError): void;
}

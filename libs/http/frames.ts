/**
 * Frames of a protocol whose calls are HTTP requests.
 *
 * One channel serves one call at a time: control → agent FORWARD frames (the first with a head, the last with `more`
 * false), agent → control DATA frames and one OUTCOME. Calls that run side by side have a channel each, so that a client
 * that reads slowly holds up nobody else. An exchange's number is that of its call within the channel, from 1. What the
 * target starts in its answer (a model's tool call) is a RAISE, answered by a VERDICT with the same exchange. A call that
 * is held is followed by a PROCEED.
 */
import type { OperationId, Outcome, Refusal } from '@sallyport/core';
import { GatewayError } from '@sallyport/core';

/** What the first FORWARD of every call says, whatever the protocol adds; the head of later ones is `encodeMore`. */
export interface CallFrame {
  /** Bytes of the body, decoded; absent where the client did not say. */
  readonly length?: number;
  /** Checked by the agent while the body streams, hex: the client has signed it. */
  readonly bodySha256?: string;
  readonly more: boolean;
  /** The agent makes it ready, and sends it once a PROCEED of the same exchange has come. Only of a call in one frame. */
  readonly held?: boolean;
  /** Present where the agent is to record the response. */
  readonly record?: OperationId;
}

const flagMore = Buffer.from('+');
const none = new Uint8Array(0);

/** The head of a later FORWARD: does the body go on in another frame? */
export const encodeMore = (more: boolean): Uint8Array => (more ? flagMore : none);
export const decodeMore = (head: Uint8Array): boolean => head.length > 0;

/**
 * DATA: the head is empty, or the time stamp of a recorded piece as u64 milliseconds. The first DATA of a call has the
 * response's status line and headers as its body, in the text of HTTP/1.1 (`HTTP/1.1 200\r\nname: value\r\n\r\n`); the
 * bodies of the rest concatenate to the response's body. 1xx responses do not travel.
 */
export const encodeData = (at: Date | undefined): Uint8Array => {
  if (at === undefined) return none;
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(at.getTime()));
  return bytes;
};

const latestMs = 8.64e15;

export const decodeData = (head: Uint8Array): Date | undefined => {
  if (head.length === 0) return undefined;
  if (head.length !== 8) throw violation('the head of a response is neither empty nor a time stamp');
  const milliseconds = Number(Buffer.from(head.buffer, head.byteOffset, 8).readBigUInt64BE());
  if (milliseconds > latestMs) throw violation('the time stamp of a response is none');
  return new Date(milliseconds);
};

/** OUTCOME, as JSON. `joinKey` is the request id that the target gave: it finds the call in the target's own log. */
export interface OutcomeHead extends Outcome {
  /** What the agent signed of the recorded response. */
  readonly footer?: string;
  /** Set where there is no response to show: the call failed at the gate or on the way. */
  readonly refusal?: Refusal;
}

/** The body of one frame; a body that is larger goes in several. */
export const frameBytes = 256 * 1024;

export const encodeJson = (value: unknown): Buffer => Buffer.from(JSON.stringify(value), 'utf8');
export const decodeJson = <T>(bytes: Uint8Array): T => {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')) as T;
  } catch {
    throw violation('a frame’s head is not JSON');
  }
};

const violation = (message: string): GatewayError => new GatewayError('PROTOCOL_VIOLATION', message);

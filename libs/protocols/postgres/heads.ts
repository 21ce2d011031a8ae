/** The heads of this protocol's frames: what control plane and agent tell one another beside the bytes. */
import { type MaskingRule, type OperationId, type Outcome, type OutcomeStatus, outcomeStatuses } from '@sallyport/core';
import { lineageDigestSize } from '@sallyport/sql';
import { violation } from './wire.js';

/** OPEN, as JSON. */
export interface OpenHead {
  readonly database: string;
  readonly settings: readonly (readonly [string, string])[];
}

/** OPENED, as JSON: what the client is told at log-in. */
export interface OpenedHead {
  readonly parameters: readonly (readonly [string, string])[];
  /** Process id of the backend and when it was logged in to, by the agent's clock: finds it in the target's own log. */
  readonly joinKey: string;
  /** The client is told the backend's own process id: clients know their own notifications by it. */
  readonly pid: number;
  readonly catalogue: string | null;
  /** The agent's own minimum: where the control plane decides, what it masks and what its masks look like count, too. */
  readonly minimum?: readonly MaskingRule[];
}

export const encodeJson = (value: unknown): Buffer => Buffer.from(JSON.stringify(value), 'utf8');
export const decodeJson = <T>(bytes: Uint8Array): T => {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8')) as T;
  } catch {
    throw violation('a frame’s head is not JSON');
  }
};

/**
 * FORWARD: one byte of flags, the operation's id where its response is recorded, what the control plane has found of the
 * outputs (see lineageDigest) where it is told, then the hex digest of the snapshot that it described by, or nothing.
 */
export interface ForwardHead {
  /** The control plane found that a masked column may be read. */
  readonly reaches: boolean;
  readonly catalogue: string;
  /** The bytes go on in the next frame of this exchange. */
  readonly more: boolean;
  /** What the control plane has found of where the outputs come from; the agent must have found the same to rely on it. */
  readonly lineage?: string;
  /** Present where the agent is to record the response. */
  readonly operation?: OperationId;
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const uuidSize = 36;

export function encodeForward({ reaches, catalogue, more, operation, lineage }: ForwardHead): Buffer {
  const flags =
    0x40 | (reaches ? 1 : 0) | (more ? 2 : 0) | (operation === undefined ? 0 : 4) | (lineage === undefined ? 0 : 8);
  return Buffer.from(String.fromCharCode(flags) + (operation ?? '') + (lineage ?? '') + catalogue, 'latin1');
}

export function decodeForward(head: Uint8Array): ForwardHead {
  const text = Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString('latin1');
  const flags = text.length === 0 ? 1 : text.charCodeAt(0);
  const afterOperation = (flags & 4) === 0 ? 1 : 1 + uuidSize;
  const afterLineage = (flags & 8) === 0 ? afterOperation : afterOperation + lineageDigestSize;
  const operation = text.slice(1, afterOperation);
  const lineage = text.slice(afterOperation, afterLineage);
  if ((flags & 4) !== 0 && !uuid.test(operation)) throw violation('the operation to record has no id');
  return {
    reaches: (flags & 1) !== 0,
    more: (flags & 2) !== 0,
    catalogue: text.slice(afterLineage),
    ...((flags & 4) !== 0 && { operation: operation as OperationId }),
    ...((flags & 8) !== 0 && { lineage }),
  };
}

/** DATA. */
export interface DataHead {
  /** The frame ends inside a message, whose rest follows in the next one. */
  readonly more: boolean;
  /** When the agent recorded it; absent where nobody records. */
  readonly at?: Date;
}

const wholeMessages = new Uint8Array(0);
const latestMs = 8.64e15;

/** Nothing for whole messages that nobody records; else one byte of flags, then the time stamp as u64 milliseconds. */
export function encodeData({ more, at }: DataHead): Uint8Array {
  if (at === undefined) return more ? Buffer.from([0x41]) : wholeMessages;
  const bytes = Buffer.alloc(9);
  bytes.writeUInt8(0x40 | (more ? 1 : 0), 0);
  bytes.writeBigUInt64BE(BigInt(at.getTime()), 1);
  return bytes;
}

export function decodeData(head: Uint8Array): DataHead {
  if (head.length === 0) return { more: false };
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  const more = (bytes.readUInt8(0) & 1) !== 0;
  if (bytes.length < 9) return { more };
  const milliseconds = Number(bytes.readBigUInt64BE(1));
  if (milliseconds > latestMs) throw violation('the time stamp of a response is none');
  return { more, at: new Date(milliseconds) };
}

/** Frames are cut to this, well below what the tunnel takes in one. */
export const frameBytes = 256 * 1024;

/** REFUSE: how the client waits for the end of the refused request. */
export type RefuseMode = 'query' | 'sync';
export const encodeRefuse = (mode: RefuseMode): Buffer => Buffer.from(mode, 'latin1');
export const decodeRefuse = (head: Uint8Array): RefuseMode =>
  Buffer.from(head).toString('latin1') === 'query' ? 'query' : 'sync';

export interface OutcomeHead extends Outcome {
  /** How many of the exchange's Parse, Bind and Close messages the target has confirmed, in their order. */
  readonly confirmed: number;
  /** Where the response was recorded: what the agent signed of it. Covers the DATA that follows this frame too. */
  readonly footer?: string;
}

/**
 * OUTCOME: status u8 · rows f64 (-1: none) · bytes f64 · masked fields u32 · milliseconds f64 · confirmed u32 ·
 * SQLSTATE 5 bytes or zeros · bytes of the next u32 · rule ids, separated by commas · the footer, or nothing.
 */
const fixed = 1 + 8 + 8 + 4 + 8 + 4 + 5 + 4;

export function encodeOutcome(outcome: OutcomeHead): Buffer {
  const rules = Buffer.from((outcome.maskedBy ?? []).join(','), 'utf8');
  const footer = Buffer.from(outcome.footer ?? '', 'utf8');
  const bytes = Buffer.alloc(fixed + rules.length + footer.length);
  bytes.writeUInt8(outcomeStatuses.indexOf(outcome.status), 0);
  bytes.writeDoubleBE(outcome.rows ?? -1, 1);
  bytes.writeDoubleBE(outcome.bytes ?? 0, 9);
  bytes.writeUInt32BE(outcome.maskedFields, 17);
  bytes.writeDoubleBE(outcome.durationMs ?? 0, 21);
  bytes.writeUInt32BE(outcome.confirmed, 29);
  bytes.write((outcome.code ?? '').slice(0, 5), 33, 'latin1');
  bytes.writeUInt32BE(rules.length, 38);
  rules.copy(bytes, fixed);
  footer.copy(bytes, fixed + rules.length);
  return bytes;
}

export function decodeOutcome(head: Uint8Array): OutcomeHead {
  if (head.length < fixed) throw violation('an outcome is shorter than its fields');
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  const status: OutcomeStatus | undefined = outcomeStatuses[bytes.readUInt8(0)];
  if (status === undefined) throw violation('an outcome has no known status');
  const rows = bytes.readDoubleBE(1);
  const code = bytes.toString('latin1', 33, 38).replaceAll('\0', '');
  const rest = fixed + bytes.readUInt32BE(38);
  if (rest > bytes.length) throw violation('an outcome is shorter than its fields');
  const rules = bytes.toString('utf8', fixed, rest);
  const footer = bytes.toString('utf8', rest);
  return {
    status,
    ...(rows >= 0 ? { rows } : {}),
    bytes: bytes.readDoubleBE(9),
    maskedFields: bytes.readUInt32BE(17),
    durationMs: bytes.readDoubleBE(21),
    confirmed: bytes.readUInt32BE(29),
    ...(code === '' ? {} : { code }),
    ...(rules === '' ? {} : { maskedBy: rules.split(',') }),
    ...(footer === '' ? {} : { footer }),
  };
}

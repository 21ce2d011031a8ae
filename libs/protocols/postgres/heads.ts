/** The heads of this protocol's frames: what control plane and agent tell one another beside the bytes. */
import { type Outcome, type OutcomeStatus, outcomeStatuses } from '@sallyport/core';
import { violation } from './wire.js';

/** OPEN, as JSON. */
export interface OpenHead {
  readonly database: string;
  readonly settings: readonly (readonly [string, string])[];
}

/** OPENED, as JSON: what the client is told at log-in. */
export interface OpenedHead {
  readonly parameters: readonly (readonly [string, string])[];
  /** Process id of the backend and its start: finds the session in the target's own log. */
  readonly joinKey: string;
  readonly catalogue: string | null;
}

export const encodeJson = (value: unknown): Buffer => Buffer.from(JSON.stringify(value), 'utf8');
export const decodeJson = <T>(bytes: Uint8Array): T => {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8')) as T;
  } catch {
    throw violation('a frame’s head is not JSON');
  }
};

/** FORWARD: one byte of flags, then the hex digest of the snapshot that the control plane described by, or nothing. */
export interface ForwardHead {
  /** The control plane found that a masked column may be read. */
  readonly reaches: boolean;
  readonly catalogue: string;
  /** The bytes go on in the next frame of this exchange. */
  readonly more: boolean;
}

export const encodeForward = ({ reaches, catalogue, more }: ForwardHead): Buffer =>
  Buffer.from(String.fromCharCode(0x40 | (reaches ? 1 : 0) | (more ? 2 : 0)) + catalogue, 'latin1');

export const decodeForward = (head: Uint8Array): ForwardHead => {
  const text = Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString('latin1');
  const flags = text.length === 0 ? 1 : text.charCodeAt(0);
  return { reaches: (flags & 1) !== 0, more: (flags & 2) !== 0, catalogue: text.slice(1) };
};

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
}

/**
 * OUTCOME: status u8 · rows f64 (-1: none) · bytes f64 · masked fields u32 · milliseconds f64 · confirmed u32 ·
 * SQLSTATE 5 bytes or zeros · rule ids, separated by commas.
 */
const fixed = 1 + 8 + 8 + 4 + 8 + 4 + 5;

export function encodeOutcome(outcome: OutcomeHead): Buffer {
  const rules = Buffer.from((outcome.maskedBy ?? []).join(','), 'utf8');
  const bytes = Buffer.alloc(fixed + rules.length);
  bytes.writeUInt8(outcomeStatuses.indexOf(outcome.status), 0);
  bytes.writeDoubleBE(outcome.rows ?? -1, 1);
  bytes.writeDoubleBE(outcome.bytes ?? 0, 9);
  bytes.writeUInt32BE(outcome.maskedFields, 17);
  bytes.writeDoubleBE(outcome.durationMs ?? 0, 21);
  bytes.writeUInt32BE(outcome.confirmed, 29);
  bytes.write((outcome.code ?? '').slice(0, 5), 33, 'latin1');
  rules.copy(bytes, fixed);
  return bytes;
}

export function decodeOutcome(head: Uint8Array): OutcomeHead {
  if (head.length < fixed) throw violation('an outcome is shorter than its fields');
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  const status: OutcomeStatus | undefined = outcomeStatuses[bytes.readUInt8(0)];
  if (status === undefined) throw violation('an outcome has no known status');
  const rows = bytes.readDoubleBE(1);
  const code = bytes.toString('latin1', 33, 38).replaceAll('\0', '');
  const rules = bytes.toString('utf8', fixed);
  return {
    status,
    ...(rows >= 0 ? { rows } : {}),
    bytes: bytes.readDoubleBE(9),
    maskedFields: bytes.readUInt32BE(17),
    durationMs: bytes.readDoubleBE(21),
    confirmed: bytes.readUInt32BE(29),
    ...(code === '' ? {} : { code }),
    ...(rules === '' ? {} : { maskedBy: rules.split(',') }),
  };
}

import { GatewayError } from '@sallyport/core';
import { type Checkpoint, parseCheckpointText } from './checkpoint.js';
import { keyTypes, parseVerifierKey, type VerifierKey } from './note-keys.js';
import { checkNote, parseNote } from './notes.js';

/** What an auditor brings along; nothing of it may come from the bundle. */
export interface Pins {
  /** Verifier keys of the log, type 0x01, one or (after a rotation) more. */
  readonly logKeys: readonly string[];
  /** Verifier keys of witnesses, type 0x04: agents print theirs when they enrol. */
  readonly witnessKeys?: readonly string[];
  /** How many of the witnesses must have cosigned; 1 where witnesses are pinned and nothing is said. */
  readonly quorum?: number;
  /** Checkpoints kept from earlier or got elsewhere: each bears the signature of a pinned log or witness key. */
  readonly checkpoints?: readonly string[];
  /** Take bodies that are neither disclosed nor erased as not proven, instead of as withheld. */
  readonly allowSealed?: boolean;
  /** Keys that open sealed bodies, by `keyIdOf` the entry. */
  readonly bodyKeys?: ReadonlyMap<string, Uint8Array>;
  /** By how much clocks of one installation may differ, in milliseconds; 60 000 where nothing is said. */
  readonly clockToleranceMs?: number;
  /** Looks for values that should have been masked in the payload of a recording; answers with what it found, never the value. */
  readonly scan?: (payload: Uint8Array) => readonly string[];
}

export interface ReadPins extends Pins {
  readonly origin: string;
  readonly log: readonly VerifierKey[];
  readonly witnesses: readonly VerifierKey[];
  readonly quorumOf: number;
  readonly held: readonly Checkpoint[];
  readonly toleranceMs: number;
}

const invalid = (message: string): GatewayError => new GatewayError('INVALID_INPUT', message);

function heldCheckpoint(text: string, origin: string, keys: readonly VerifierKey[]): Checkpoint {
  const note = parseNote(text);
  const checkpoint = parseCheckpointText(note.text);
  const check = checkNote(note, keys);
  if (checkpoint.origin !== origin) throw invalid(`a pinned checkpoint belongs to log '${checkpoint.origin}'`);
  if (check.verified.length === 0 || check.invalid.length > 0)
    throw invalid('a pinned checkpoint bears no valid signature of a pinned key');
  return checkpoint;
}

/** Checks what an auditor pinned. Throws INVALID_INPUT. */
export function readPins(pins: Pins): ReadPins {
  const log = pins.logKeys.map(parseVerifierKey);
  const witnesses = (pins.witnessKeys ?? []).map(parseVerifierKey);
  const origin = log[0]?.name;
  if (origin === undefined) throw invalid('at least one log key must be pinned');
  if (log.some(({ name, type }) => name !== origin || type !== keyTypes.ed25519))
    throw invalid('pinned log keys must be of one log and of type 0x01');
  if (witnesses.some(({ type }) => type !== keyTypes.cosignature))
    throw invalid('pinned witness keys must be of type 0x04');
  const quorumOf = pins.quorum ?? Math.min(1, witnesses.length);
  if (!Number.isInteger(quorumOf) || quorumOf < 0 || quorumOf > witnesses.length)
    throw invalid(`a quorum of ${quorumOf} cannot be had from ${witnesses.length} pinned witnesses`);
  const held = (pins.checkpoints ?? []).map((text) => heldCheckpoint(text, origin, [...log, ...witnesses]));
  return { ...pins, origin, log, witnesses, quorumOf, held, toleranceMs: pins.clockToleranceMs ?? 60_000 };
}

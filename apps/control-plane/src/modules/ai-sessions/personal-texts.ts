import { createHmac } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { PersonId } from '@sallyport/core';
import { clipText } from '@sallyport/evidence';
import { MasterKey, Random } from '../../platform/index.js';
import { withoutSecrets } from '../evidence/redaction.js';
import { openBytes, sealBytes } from '../evidence/sealed-bytes.js';
import { SessionKeys } from '../evidence/session-keys.js';

/** Bytes of a prompt or an input that are kept; fingerprints cover all of it. */
export const mostTextBytes = 64 * 1024;

/** A text as it is kept: without secrets, and cut where it is long. */
export interface KeptText {
  readonly text: string;
  /** Of the whole text. */
  readonly bytes: number;
}

export const keptText = (whole: string): KeptText => {
  // Cut first: what is looked through for secrets must have a bound. A secret that the cut divides is gone with its end.
  const clipped = clipText(whole, mostTextBytes);
  const clean = clipText(withoutSecrets(clipped.text), mostTextBytes);
  return { text: clean.text, bytes: clipped.bytes ?? Buffer.byteLength(whole) };
};

/** Seals and compares what one person's AI was told. */
export interface PersonalText {
  /** Has the person's key been destroyed? Then nothing more is kept of what is said. */
  readonly isErased: boolean;
  /** @param context what the bytes are and where they belong: they open nowhere else. @returns null once erased */
  seal(context: string, text: string): Buffer | null;
  /** @returns undefined once erased. @throws GatewayError EVIDENCE_INCONSISTENT when the bytes were changed */
  open(context: string, sealed: Buffer | null): string | undefined;
  /** HMAC-SHA-256 under a key of this person's: says nothing to whoever has not got it, or once it is destroyed. */
  fingerprint(purpose: string, text: string): Buffer;
}

/** Prompts and inputs are sealed under their person's key, so that destroying it erases them here as in the evidence. */
@Injectable()
export class PersonalTexts {
  private readonly installation: Uint8Array;

  constructor(
    private readonly keys: SessionKeys,
    private readonly random: Random,
    master: MasterKey,
  ) {
    this.installation = master.derive('ai-sessions/fingerprints');
  }

  /** The key is made where there is none yet. @throws GatewayError RECORDING_UNAVAILABLE */
  async of(person: PersonId): Promise<PersonalText> {
    return this.with(person, await this.keys.obtain(`person:${person}`));
  }

  /** For reading: makes no key. */
  async find(person: PersonId): Promise<PersonalText> {
    return this.with(person, await this.keys.find(`person:${person}`));
  }

  private with(person: PersonId, key: Uint8Array | undefined): PersonalText {
    const compare = createHmac('sha256', this.installation)
      .update(person)
      .update(key ?? '')
      .digest();
    return {
      isErased: key === undefined,
      seal: (context, text) =>
        key === undefined ? null : sealBytes(key, context, Buffer.from(text), (size) => this.random.bytes(size)),
      open: (context, sealed) =>
        key === undefined || sealed === null ? undefined : openBytes(key, context, sealed).toString(),
      fingerprint: (purpose, text) => createHmac('sha256', compare).update(`${purpose}\0`).update(text).digest(),
    };
  }
}

export const messageContext = (turn: string, seq: number): string => `ai-turn ${turn} message ${seq}`;
export const inputContext = (call: string): string => `ai-tool-call ${call} input`;
export const killReasonContext = (session: string): string => `ai-session ${session} kill reason`;

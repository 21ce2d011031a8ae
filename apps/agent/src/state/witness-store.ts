import { join } from 'node:path';
import { GatewayError } from '@sallyport/core';
import { generateNoteKey, keyTypes, type NoteSigner, parseSecretKey, type WitnessState } from '@sallyport/evidence';
import { readIfPresent, writeDurably } from './files.js';

/** What a witness must not forget. */
export interface WitnessMemory {
  /** Pinned log keys (C2SP vkey): from enrolment, and what rotations signed by them have brought. */
  readonly logKeys: readonly string[];
  /** The newest tree head of each log, by origin. */
  readonly heads: Readonly<Record<string, WitnessState>>;
}

export class WitnessStore {
  private readonly statePath: string;
  private readonly keyPath: string;

  constructor(stateDir: string) {
    this.statePath = join(stateDir, 'witness.json');
    this.keyPath = join(stateDir, 'witness.key');
  }

  /** The witness's own key; made at first use. Its verification key is what auditors pin. */
  signer(): NoteSigner {
    const secret = readIfPresent(this.keyPath);
    if (secret !== undefined) return parseSecretKey(secret);
    const made = generateNoteKey(freshName(), keyTypes.cosignature);
    writeDurably(this.keyPath, `${made.secret}\n`);
    return made.signer;
  }

  /** @throws INVALID_INPUT when the file is damaged: a witness that forgets would vouch for anything */
  load(): WitnessMemory {
    const text = readIfPresent(this.statePath);
    if (text === undefined) return { logKeys: [], heads: {} };
    try {
      const { logKeys, heads } = JSON.parse(text) as Partial<WitnessMemory>;
      if (Array.isArray(logKeys) && typeof heads === 'object' && heads !== null) return { logKeys, heads };
    } catch {
      // falls through
    }
    throw new GatewayError('EVIDENCE_INCONSISTENT', `the witness's state "${this.statePath}" is damaged`, {
      hint: 'restore it; only an agent enrolled anew may begin without',
    });
  }

  save(memory: WitnessMemory): void {
    writeDurably(this.statePath, JSON.stringify(memory));
  }
}

const freshName = (): string => `witness-${crypto.randomUUID().slice(0, 8)}.sallyport`;

import { GatewayError } from '@sallyport/core';
import type { Pins } from '@sallyport/evidence';

/** The file of pinned keys: what GET /v1/evidence/keys answers, and what an auditor adds to it. */
export interface PinnedKeys {
  readonly log_keys?: readonly unknown[];
  readonly witness_keys?: readonly unknown[];
  readonly quorum?: number;
  readonly checkpoints?: readonly string[];
}

// A verifier key as text, alone or with what is said about it.
const keyText = (key: unknown): string => {
  if (typeof key === 'string') return key;
  if (typeof key === 'object' && key !== null && 'key' in key && typeof key.key === 'string') return key.key;
  throw new GatewayError('INVALID_INPUT', 'the file of pinned keys has a key that is no text', {
    hint: 'make it with: sallyport evidence keys --out keys.json',
  });
};

const parsed = (text: string): PinnedKeys => {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // said below
  }
  throw new GatewayError('INVALID_INPUT', 'the file of pinned keys is not a JSON object', {
    hint: 'make it with: sallyport evidence keys --out keys.json',
  });
};

/** @throws INVALID_INPUT */
export const pinsOf = (text: string, extra: Pick<Pins, 'quorum' | 'checkpoints'>): Pins => {
  const { log_keys = [], witness_keys = [], quorum, checkpoints = [] } = parsed(text);
  const wanted = extra.quorum ?? quorum;
  return {
    logKeys: log_keys.map(keyText),
    witnessKeys: witness_keys.map(keyText),
    ...(wanted === undefined ? {} : { quorum: wanted }),
    checkpoints: [...checkpoints, ...(extra.checkpoints ?? [])],
  };
};

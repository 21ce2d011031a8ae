import { compileMasking, type Masker } from '@sallyport/masking';
import { ConversationLedger, Placeholders, type RequestMasking } from '../index.js';

const key = new Uint8Array(32).fill(7);

/** Hides whatever a detector knows. */
export const everything: Masker = compileMasking([{ id: 'all', kind: 'detector', detector: '*', action: 'redact' }], {
  key,
});
/** No rule at all. */
export const noRules: Masker = compileMasking([], { key });

export const placeholders = new Placeholders(key);

export const maskingWith = (masker: Masker): RequestMasking => ({
  masker,
  placeholders,
  ledger: new ConversationLedger(),
});

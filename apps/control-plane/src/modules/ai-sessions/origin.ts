import type { Identity } from '@sallyport/core';
import type { TurnOrigin } from './ai-session-rows.js';

/** Only people type: what a service account's AI is asked comes from a program. */
export const originOf = (identity: Identity, notified: boolean): TurnOrigin => {
  if (notified) return 'notification';
  return identity.class === 'person' ? 'human' : 'sdk';
};

import { GatewayError } from '@sallyport/core';
import { sessionEnded } from './hook-answer.js';

/** @throws GatewayError SESSION_ENDED */
export const refuseKilled = (killedAt: Date | null | undefined): void => {
  if (killedAt instanceof Date)
    throw new GatewayError('SESSION_ENDED', sessionEnded, { hint: 'ask the administrator who has ended it' });
};

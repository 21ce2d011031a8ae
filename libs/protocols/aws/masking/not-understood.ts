import { GatewayError } from '@sallyport/core';

/** What is not understood is not passed on. @param message what is wrong with the answer, without a byte of it */
export const notUnderstood = (message: string, cause?: unknown): GatewayError =>
  new GatewayError('RESPONSE_NOT_UNDERSTOOD', message, {
    cause,
    hint: 'the answer did not leave the network of the target; ask an administrator to look at the agent’s log',
  });

import type { Server, ServerCredentials } from '@grpc/grpc-js';
import { GatewayError } from '@sallyport/core';

/** @returns the bound port */
export const listen = (server: Server, address: string, credentials: ServerCredentials): Promise<number> =>
  new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => {
      if (error === null) resolve(port);
      else
        reject(
          new GatewayError('CONFLICT', `cannot listen on "${address}"`, { cause: error, hint: 'is the port in use?' }),
        );
    });
  });

/** Waits for `work`, but no longer than `ms`. */
export async function within(work: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, patience]);
  clearTimeout(timer);
}

import { GatewayError } from '@sallyport/core';
import type { LinkCall } from './agent-connection.js';
import type { AgentMessage, Hello, Received } from './messages.js';

const helloTimeoutMs = 10_000;

/**
 * The first message of a link.
 * @throws TIMED_OUT when none comes, PROTOCOL_VIOLATION when it is another
 */
export function firstHello(call: LinkCall): Promise<Hello> {
  return new Promise((resolve, reject) => {
    const fail = (): void => reject(new GatewayError('TIMED_OUT', 'no hello came'));
    const timer = setTimeout(fail, helloTimeoutMs);
    call.once('cancelled', fail);
    call.once('data', (message: Received<AgentMessage>) => {
      call.pause(); // at once: what follows is for whoever is there after the welcome
      clearTimeout(timer);
      if (message.message === 'hello') resolve(message.hello);
      else reject(new GatewayError('PROTOCOL_VIOLATION', 'tunnel: a link begins with a hello'));
    });
  });
}

/** Asks the target to stop what a session is doing: a connection of its own (protocol flow, canceling requests in progress). */
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { LoggedIn } from './login.js';
import { cancelRequestCode, sslRequestCode } from './startup.js';
import { int32 } from './wire.js';

const deadlineMs = 5_000;

export interface CancelTarget {
  readonly host: string;
  readonly port: number;
  readonly encrypted: boolean;
}

/** Best effort, as the protocol has it: there is no answer. Resolves when the target has hung up, or after 5 s. */
export function sendCancel(
  { host, port, encrypted }: CancelTarget,
  { pid, secret }: LoggedIn['backend'],
): Promise<void> {
  const packet = Buffer.concat([int32(12 + secret.length), int32(cancelRequestCode), int32(pid), secret]);
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const done = () => {
      socket.destroy();
      resolve();
    };
    socket.setTimeout(deadlineMs, done);
    socket.once('error', done);
    socket.once('close', done);
    if (!encrypted) return void socket.end(packet);
    socket.write(Buffer.concat([int32(8), int32(sslRequestCode)]));
    socket.once('data', () => {
      // The key is worth one cancelled statement; whose certificate it is was checked when the session logged in.
      const tls = connectTls({ socket, rejectUnauthorized: false }, () => tls.end(packet));
      tls.once('error', done);
    });
  });
}

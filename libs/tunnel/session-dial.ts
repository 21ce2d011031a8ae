import { isIP, type TcpSocketConnectOpts } from 'node:net';
import { type ConnectionOptions, checkServerIdentity, connect, type SecureContext } from 'node:tls';
import { GatewayError } from '@sallyport/core';
import { sessionReady } from './service.js';
import { deaf, SessionConnection } from './session-connection.js';
import { SessionMessage, sessionProtocol, violation } from './session-messages.js';
import { Slab } from './slab.js';

export interface SessionDialing {
  readonly host: string;
  readonly port: number;
  /** That the server's certificate must carry. */
  readonly serverName: string;
  readonly context: SecureContext;
  /** The one that must answer, by its Welcome. */
  readonly replica: string;
}

/**
 * Dials a session connection and waits until it is ready for a claim.
 * @throws what the network or TLS say; TIMED_OUT; AGENT_OFFLINE when another replica answers
 */
export function dialSessions(dialing: SessionDialing, timeoutMs: number): Promise<SessionConnection> {
  const { host, replica } = dialing;
  return new Promise((resolve, reject) => {
    const socket = connect(optionsOf(dialing, (chunk) => connection.read(chunk)));
    const connection = new SessionConnection(socket);
    const timer = setTimeout(() => connection.destroy(late(host)), timeoutMs);
    socket.once('secureConnect', () => {
      if (socket.alpnProtocol !== sessionProtocol) connection.destroy(new Error('the server does not speak it'));
    });
    connection.hear({
      message: (kind, content) => {
        if (kind !== SessionMessage.READY) throw violation(`a message of kind ${kind} instead of READY`);
        if (readyOf(content) !== replica) throw elsewhere();
        clearTimeout(timer);
        connection.hear(deaf);
        resolve(connection);
      },
      gone: (cause) => {
        clearTimeout(timer);
        reject(cause ?? new Error('the connection was closed'));
      },
    });
  });
}

function optionsOf(
  { host, port, serverName, context }: SessionDialing,
  read: (chunk: Buffer) => void,
): ConnectionOptions & TcpSocketConnectOpts {
  const slab = new Slab();
  return {
    host,
    port,
    secureContext: context,
    ...(isIP(serverName) === 0 ? { servername: serverName } : {}),
    checkServerIdentity: (_host, certificate) => checkServerIdentity(serverName, certificate),
    ALPNProtocols: [sessionProtocol],
    onread: {
      buffer: () => slab.room(),
      callback: (length) => {
        read(slab.took(length));
        return true;
      },
    },
  };
}

function readyOf(content: Buffer): string {
  try {
    return sessionReady.deserialize(content).replica;
  } catch {
    throw violation('a READY that cannot be read');
  }
}

const late = (host: string): GatewayError => new GatewayError('TIMED_OUT', `"${host}" did not answer in time`);
const elsewhere = (): GatewayError =>
  new GatewayError('AGENT_OFFLINE', 'another replica of the control plane answered than the one of the link', {
    hint: 'give every replica an address of its own',
  });

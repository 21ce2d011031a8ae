import type { AddressInfo, Socket } from 'node:net';
import { createServer, type Server, type TLSSocket, type TlsOptions } from 'node:tls';
import { GatewayError } from '@sallyport/core';
import { splitAddress } from './address.js';
import { sessionProtocol } from './session-messages.js';
import { type ServerTls, serverContext } from './transport.js';

const handshakeTimeoutMs = 10_000;

/** Who takes a connection, by the application protocol that its client has asked for (ALPN). */
export interface Takers {
  readonly grpc: (socket: TLSSocket) => void;
  /** Nobody may ask for it when undefined. */
  readonly sessions: ((socket: TLSSocket) => void) | undefined;
}

/** Where agents dial in: TLS 1.3 with a certificate of the authority, whatever is spoken inside. */
export class TunnelListener {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  constructor(tls: ServerTls, takers: Takers) {
    this.server = createServer(optionsOf(tls, takers), (socket) => take(socket, takers));
    this.server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
  }

  /**
   * @returns the bound port
   * @throws CONFLICT
   */
  listen(address: string): Promise<number> {
    const { host, port } = splitAddress(address);
    return new Promise((resolve, reject) => {
      this.server.once('error', (cause) =>
        reject(new GatewayError('CONFLICT', `cannot listen on "${address}"`, { cause, hint: 'is the port in use?' })),
      );
      this.server.listen({ host, port }, () => resolve((this.server.address() as AddressInfo).port));
    });
  }

  /** New connections are shown this certificate; those that stand keep theirs. */
  replaceCertificate(tls: ServerTls): void {
    this.server.setSecureContext(serverContext(tls));
  }

  /** At once, with every connection. */
  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }
}

const optionsOf = (tls: ServerTls, { sessions }: Takers): TlsOptions => ({
  ...serverContext(tls),
  requestCert: true,
  rejectUnauthorized: true,
  ALPNProtocols: sessions === undefined ? ['h2'] : [sessionProtocol, 'h2'],
  handshakeTimeout: handshakeTimeoutMs,
  noDelay: true,
});

function take(socket: TLSSocket, takers: Takers): void {
  socket.on('error', () => socket.destroy()); // whoever takes it hears of it, too
  if (socket.alpnProtocol === sessionProtocol) takers.sessions?.(socket);
  else if (socket.alpnProtocol === 'h2') takers.grpc(socket);
  else socket.destroy();
}

/** From the first byte of a client to its start-up packet: TLS, GSSENC, cancel requests. */
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { GatewayError } from '@sallyport/core';
import type { Lobby } from '@sallyport/engine';
import { negotiateProtocolVersion } from './backend.js';
import { refusalMessage } from './refuse.js';
import { readStartup, type StartupPacket, type StartupRequest, sortStartup } from './startup.js';
import { readChunk } from './stream.js';
import { violation } from './wire.js';

/** The client's connection as it is now: encrypted, once TLS has been agreed on. */
export interface Door {
  socket: Duplex;
}

/** First byte of a TLS record that carries a ClientHello (RFC 8446, 5.1): the client speaks TLS without asking first. */
const tlsHandshake = 0x16;
const alpn = 'postgresql';

/**
 * @returns undefined when the client only wanted to cancel something, or hung up
 * @throws GatewayError after which the client is told and the socket closed by the caller
 */
export async function greet(door: Door, lobby: Lobby): Promise<StartupRequest | undefined> {
  const client = door.socket;
  for (;;) {
    const packet = await readPacket(door.socket, door.socket === client);
    if (packet === undefined) return undefined;
    if (packet === 'direct-tls') door.socket = await secure(client, lobby, { direct: true });
    else if (packet.kind === 'ssl') door.socket = await acceptTls(door.socket, client, lobby);
    else if (packet.kind === 'gssenc')
      door.socket.write('N'); // refused as the protocol says; the client goes on without
    else if (packet.kind === 'cancel') return void lobby.cancellations.request(cancelKey(packet.pid, packet.secret));
    else return start(door.socket, packet);
  }
}

export const cancelKey = (pid: number, secret: number): string => `${pid >>> 0}:${secret >>> 0}`;

async function acceptTls(socket: Duplex, client: Duplex, lobby: Lobby): Promise<Duplex> {
  if (socket !== client) throw violation('TLS is asked for inside TLS');
  // Bytes sent in clear behind the request could be an attacker's, to be taken for the client's first encrypted ones.
  if (socket.readableLength > 0) throw violation('there is unencrypted data behind the SSLRequest');
  socket.write('S');
  return secure(socket, lobby, { direct: false });
}

function secure(socket: Duplex, lobby: Lobby, { direct }: { direct: boolean }): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const encrypted = new TLSSocket(socket, { isServer: true, secureContext: lobby.tls, ALPNProtocols: [alpn] });
    const fail = (cause?: unknown) => reject(new GatewayError('TLS_REQUIRED', 'the TLS handshake failed', { cause }));
    encrypted.once('error', fail);
    encrypted.once('close', fail);
    encrypted.once('secure', () => {
      encrypted.off('error', fail);
      encrypted.off('close', fail);
      encrypted.on('error', () => encrypted.destroy());
      if (direct && encrypted.alpnProtocol !== alpn) return fail('a direct TLS connection needs ALPN "postgresql"');
      resolve(encrypted);
    });
  });
}

function start(
  socket: Duplex,
  { major, minor, parameters }: Extract<StartupPacket, { kind: 'startup' }>,
): StartupRequest {
  if (major !== 3) {
    throw new GatewayError('UNSUPPORTED', `protocol version ${major}.${minor} is not supported`, {
      hint: 'use a client that speaks PostgreSQL protocol 3',
    });
  }
  if (!(socket instanceof TLSSocket)) {
    throw new GatewayError('TLS_REQUIRED', 'the gateway takes tickets over TLS only', {
      hint: 'connect with sslmode=verify-full (or require)',
    });
  }
  const unknown = [...parameters.keys()].filter((name) => name.startsWith('_pq_.'));
  if (minor > 0 || unknown.length > 0) socket.write(negotiateProtocolVersion(unknown));
  const request = sortStartup(parameters);
  if ('refused' in request) throw new GatewayError('UNSUPPORTED', request.refused, { hint: request.hint });
  return request;
}

/** Reads exactly one start-up packet and leaves what follows it in the socket. */
async function readPacket(socket: Duplex, mayBeTls: boolean): Promise<StartupPacket | 'direct-tls' | undefined> {
  let bytes: Buffer = Buffer.alloc(0);
  for (;;) {
    const chunk = await readChunk(socket);
    if (chunk === undefined) return undefined;
    bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
    if (mayBeTls && bytes[0] === tlsHandshake) {
      socket.unshift(bytes);
      return 'direct-tls';
    }
    const read = readStartup(bytes);
    if (read === undefined) continue;
    if (read.size < bytes.length) socket.unshift(bytes.subarray(read.size));
    return read.packet;
  }
}

/** Says no before there is a session, and hangs up once the words have left. */
export function turnAway(socket: Duplex, error: GatewayError): void {
  if (socket.writable)
    socket.end(
      refusalMessage(
        { code: error.code, message: error.message, ...(error.hint ? { hint: error.hint } : {}) },
        'FATAL',
      ),
    );
  socket.resume(); // what the client still sends is dropped, so that the close is not a reset that eats our words
  setTimeout(() => socket.destroy(), 2_000).unref();
}

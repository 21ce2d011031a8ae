/**
 * From an accepted socket to an encrypted one: TLS at once, or, where the protocol has a proxy, behind an HTTP CONNECT that
 * names a host of AWS. Where the client connects to is never dialled: the gateway answers in its place, with a certificate of its own
 * authority, and the agent decides where the call goes.
 */
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { GatewayError } from '@sallyport/core';
import type { Lobby } from '@sallyport/engine';

export type Client = Duplex & { readonly remoteAddress?: string };

/** Of a body that waits to be read: with one TLS record at a time most of the work would be about pieces, not bytes. */
const bufferBytes = 112 * 1024;
const tlsHandshake = 0x16;
const connectLine = /^CONNECT ([A-Za-z0-9._-]{1,253}):(\d{1,5}) HTTP\/1\.[01]\r\n/;
const plainHttp = (status: string, text: string): string =>
  `HTTP/1.1 ${status}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`;

/** A server's own order goes before its client's. */
export const versions = { http2First: ['h2', 'http/1.1'], http1First: ['http/1.1', 'h2'] } as const;
export type Versions = keyof typeof versions;

export interface DoorOptions {
  /** Is an HTTP CONNECT answered, too, for the hosts that `lobby.answersTo`? */
  readonly proxy: boolean;
  /** What a client gets that takes either. */
  readonly prefers: Versions;
}

/**
 * @returns the socket after the handshake; undefined when the client left or was turned away
 * @throws GatewayError PROTOCOL_VIOLATION, TLS_REQUIRED: the client has been told
 */
export async function enter(
  client: Client,
  lobby: Lobby,
  { proxy, prefers }: DoorOptions,
): Promise<TLSSocket | undefined> {
  const first = await firstBytes(client, lobby.limits.startupBytes);
  if (first === undefined) return undefined;
  if (first[0] !== tlsHandshake && !(proxy ? proxied(client, first, lobby) : turnedAway(client))) return undefined;
  if (first[0] === tlsHandshake) client.unshift(first);
  return encrypted(client, lobby, prefers);
}

/** One chunk, or what is needed to see whose it is. */
function firstBytes(client: Client, limit: number): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    let seen = Buffer.alloc(0);
    const settle = (bytes: Buffer | undefined): void => {
      client.pause();
      client.off('data', take).off('end', gone).off('close', gone);
      resolve(bytes);
    };
    const gone = (): void => settle(undefined);
    const take = (chunk: Buffer): void => {
      seen = Buffer.concat([seen, chunk]);
      if (seen[0] === tlsHandshake || seen.includes('\r\n\r\n') || seen.length > limit) settle(seen);
    };
    client.on('data', take).once('end', gone).once('close', gone);
    client.resume();
  });
}

const turnedAway = (client: Client): false => {
  client.end(plainHttp('400 Bad Request', 'this gateway speaks TLS: use https, and trust its CA certificate\n'));
  return false;
};

/** @returns false when the client was turned away */
function proxied(client: Client, request: Buffer, lobby: Lobby): boolean {
  const text = request.toString('latin1');
  const end = text.indexOf('\r\n\r\n');
  const [, host] = (end < 0 ? null : connectLine.exec(text)) ?? [];
  if (host === undefined) return turnedAway(client);
  if (!lobby.answersTo(host)) {
    client.end(plainHttp('403 Forbidden', 'this gateway is a proxy for AWS only: set NO_PROXY for everything else\n'));
    return false;
  }
  // A client that speaks before it is answered would speak to a proxy that is not there yet.
  if (end + 4 < request.length) client.unshift(request.subarray(end + 4));
  client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
  return true;
}

function encrypted(client: Client, lobby: Lobby, prefers: Versions): Promise<TLSSocket | undefined> {
  return new Promise((resolve) => {
    // Node's own tls.Server hands it the same, though the types do not say so.
    const buffering = { highWaterMark: bufferBytes };
    const socket = new TLSSocket(client, {
      ...buffering,
      isServer: true,
      secureContext: lobby.tls,
      ALPNProtocols: [...versions[prefers]],
      SNICallback: (name, done) => {
        lobby.contextFor(name).then(
          (context) => done(null, context),
          (error: unknown) => done(error instanceof Error ? error : new Error('no certificate for this name')),
        );
      },
    });
    socket.on('error', () => socket.destroy());
    // What tls.Server does for its own sockets; HTTP/2 would wait for a handshake that is over.
    socket.once('secure', () => resolve(Object.assign(socket, { secureConnecting: false })));
    socket.once('close', () => resolve(undefined));
  });
}

export const slow = new GatewayError('TIMED_OUT', 'the connection took too long to be set up');

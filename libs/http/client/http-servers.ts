/** HTTP/1.1 and HTTP/2 on sockets that somebody else has accepted and encrypted. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  type IncomingHttpHeaders,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { type Incoming, incomingOfHttp1, incomingOfHttp2 } from './incoming.js';

export interface HttpServers {
  /** Serves until the client has gone. */
  serve(socket: TLSSocket, onRequest: (incoming: Incoming) => void): void;
}

/** Of all headers of one request: an STS session token alone may have 2 KiB. */
const headerBytes = 64 * 1024;
const headersMs = 30_000;
/** A kept-alive connection of botocore or an SDK lies idle for up to a minute. */
const keepAliveMs = 90_000;
const mostStreams = 128;

export function createHttpServers(): HttpServers {
  const handlers = new WeakMap<Socket, (incoming: Incoming) => void>();
  const take = (request: IncomingMessage, response: ServerResponse, expects: boolean): void =>
    handlers.get(request.socket)?.(incomingOfHttp1(request, response, expects));
  const server = createServer({
    maxHeaderSize: headerBytes,
    headersTimeout: headersMs,
    requestTimeout: 0, // an upload takes as long as it takes; a body that stands still is ended by who reads it
    keepAliveTimeout: keepAliveMs,
    connectionsCheckingInterval: 5_000,
    insecureHTTPParser: false,
  });
  server.on('request', (request, response) => take(request, response, false));
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => take(request, response, true));
  server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) => {
    response.writeHead(417).end();
  });
  // Nobody listens to 'upgrade': a server may pass over it (RFC 9110, 7.8), and then it is a request like any other.
  server.on('connect', (_request, socket) => socket.destroy());
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
    else socket.destroy();
  });
  // It never listens by itself, and enforces its time limits only once it is told that it does.
  server.emit('listening');
  return {
    serve(socket, onRequest) {
      if (socket.alpnProtocol === 'h2') return serveHttp2(socket, onRequest);
      handlers.set(socket, onRequest);
      server.emit('connection', socket);
    },
  };
}

function serveHttp2(socket: TLSSocket, onRequest: (incoming: Incoming) => void): void {
  const session: ServerHttp2Session = performServerHandshake(socket, {
    maxSessionMemory: 16,
    maxHeaderListPairs: 256,
    settings: { maxConcurrentStreams: mostStreams, maxHeaderListSize: headerBytes, enablePush: false },
  });
  session.setTimeout(keepAliveMs, () => session.close());
  session.on('error', () => session.destroy());
  // The fourth argument is there (Node's documentation of 'stream'), and missing in its types.
  const onStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, raw: string[]): void =>
    onRequest(incomingOfHttp2(stream, headers, raw));
  session.on('stream', onStream as (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, flags: number) => void);
}

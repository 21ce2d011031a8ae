/**
 * HTTP/1.1 to AWS. The path goes out as it is, redirects are answers like any other, and whoever has given up is not
 * waited for: every wait has a deadline.
 */
import * as http from 'node:http';
import * as https from 'node:https';
import { isIP } from 'node:net';
import { createSecureContext, rootCertificates } from 'node:tls';
import { GatewayError } from '@sallyport/core';
import type { Header } from '../../header-list.js';
import type { Endpoint } from '../endpoint.js';
import type { Deadlines } from '../http-settings.js';
import { UpstreamExchange } from './exchange.js';

/** An idle connection is closed before AWS closes it, so that few requests meet one that is just being closed. */
const idleSocketMs = 15_000;
const headBytes = 32 * 1024;
/** Of an answer that waits to be read: with one TLS record at a time most of the work would be about pieces, not bytes. */
const bufferBytes = 112 * 1024;

export interface UpstreamRequest {
  readonly endpoint: Endpoint;
  readonly method: string;
  /** With the query, percent-encoded as it is to arrive. */
  readonly path: string;
  readonly headers: readonly Header[];
  /** Whole, or piece by piece; then its length is in the headers. */
  readonly body: Uint8Array | AsyncIterable<Uint8Array>;
  /** Asking twice does no harm: it may be sent again where a connection that was kept turns out to be closed. */
  readonly repeatable: boolean;
  readonly signal: AbortSignal;
}

export interface UpstreamAnswer {
  readonly status: number;
  readonly headers: readonly Header[];
  /** Throws a GatewayError where it is broken off. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Frees the connection: it is used again only where the answer was read to its end. */
  close(): void;
}

export interface UpstreamOptions {
  readonly connections: number;
  readonly deadlines: Deadlines;
  readonly ca?: string;
}

export class UpstreamClient {
  readonly #plain: http.Agent;
  readonly #tls: https.Agent;
  readonly #deadlines: Deadlines;

  constructor({ connections, deadlines, ca }: UpstreamOptions) {
    const pool = {
      keepAlive: true,
      maxSockets: connections,
      maxTotalSockets: connections,
      maxFreeSockets: Math.min(connections, 16),
      scheduling: 'lifo',
      highWaterMark: bufferBytes,
      timeout: idleSocketMs, // an agent applies it to sockets that wait; of the others it says nothing
    } as const;
    this.#deadlines = deadlines;
    this.#plain = new http.Agent(pool);
    this.#tls = new https.Agent({
      ...pool,
      rejectUnauthorized: true,
      // Made once: Node would read a hundred authorities anew for each connection, and compare them for each request.
      secureContext: createSecureContext({
        minVersion: 'TLSv1.2',
        ...(ca === undefined ? {} : { ca: [...rootCertificates, ca] }),
      }),
    });
  }

  /** @throws GatewayError; `details.progress` says how far the request had gone */
  async send(request: UpstreamRequest): Promise<UpstreamAnswer> {
    const first = new UpstreamExchange(request, this.#open(request), this.#deadlines);
    try {
      return await first.answer();
    } catch (error) {
      if (!this.#mayRepeat(request, first)) throw error;
      return new UpstreamExchange(request, this.#open(request), this.#deadlines).answer();
    }
  }

  close(): void {
    this.#plain.destroy();
    this.#tls.destroy();
  }

  /** Only where a connection that had been kept was closed at the other end meanwhile. */
  #mayRepeat({ body, repeatable, signal }: UpstreamRequest, exchange: UpstreamExchange): boolean {
    if (!exchange.brokeWhenReused || signal.aborted || !(body instanceof Uint8Array)) return false;
    return repeatable || exchange.progress === 'unsent';
  }

  #open({ endpoint, method, path, headers }: UpstreamRequest): http.ClientRequest {
    const { tls, host, port } = endpoint;
    const options = { host, port, method, path, maxHeaderSize: headBytes, setHost: false };
    try {
      const sent = tls
        ? https.request({ ...options, agent: this.#tls, ...(isIP(host) === 0 ? { servername: host } : {}) })
        : http.request({ ...options, agent: this.#plain });
      for (const [name, value] of headers) sent.appendHeader(name, value);
      return sent;
    } catch (cause) {
      throw new GatewayError('PROTOCOL_VIOLATION', 'the path or a header of the call holds characters that none may', {
        cause,
      });
    }
  }
}

/**
 * HTTP/1.1 to AWS. The path goes out as it is, redirects are answers like any other, and whoever has given up is not
 * waited for: every wait has a deadline. A client of our own, for what it costs and what others do not do: see ADR 19.
 */
import type { Header } from '../../header-list.js';
import type { Endpoint } from '../endpoint.js';
import type { Deadlines } from '../http-settings.js';
import { Connections } from './connections.js';
import { type Around, UpstreamExchange } from './exchange.js';
import { Watch } from './watch.js';

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
  readonly #around: Around;

  constructor({ connections, deadlines, ca }: UpstreamOptions) {
    const watch = new Watch();
    const most = connections;
    this.#around = {
      deadlines,
      watch,
      connections: new Connections({ most, watch, ...(ca === undefined ? {} : { ca }) }),
    };
  }

  /** @throws GatewayError; `details.progress` says how far the request had gone */
  async send(request: UpstreamRequest): Promise<UpstreamAnswer> {
    const first = new UpstreamExchange(request, this.#around);
    try {
      return await first.answer();
    } catch (error) {
      if (!this.#mayRepeat(request, first)) throw error;
      return new UpstreamExchange(request, this.#around).answer({ fresh: true });
    }
  }

  /** Closes what waits for its next exchange. */
  close(): void {
    this.#around.connections.close();
  }

  /** Only where a connection that had been kept was closed at the other end meanwhile. */
  #mayRepeat({ body, repeatable, signal }: UpstreamRequest, exchange: UpstreamExchange): boolean {
    if (!exchange.brokeWhenReused || signal.aborted || !(body instanceof Uint8Array)) return false;
    return repeatable || exchange.progress === 'unsent';
  }
}

/** One HTTP request with the only ways to answer it, whatever version of HTTP it came by. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Readable } from 'node:stream';
import { Departure } from './departure.js';

export type Headers = readonly (readonly [name: string, value: string])[];

export interface Incoming {
  readonly method: string;
  /** Path and query as the client wrote them. */
  readonly target: string;
  /** Lower-case names in wire order; the authority of HTTP/2 is the host. */
  readonly headers: Headers;
  readonly body: Readable;
  readonly http2: boolean;
  /** Of the client before it was answered. */
  readonly gone: Departure;
  /** Has a response begun? */
  readonly begun: boolean;
  /** 100 Continue, where the client waits for it. */
  proceed(): void;
  head(status: number, headers: Headers): void;
  /** @returns false when the client is slow: wait for `drained` */
  write(chunk: Uint8Array): boolean;
  drained(): Promise<void>;
  end(): void;
  /** Breaks off: what has been sent is not the whole. */
  destroy(): void;
}

/** From here on a copy costs more than a packet. */
const largeBytes = 16 * 1024;

const pairs = (raw: readonly string[]): [string, string][] => {
  const all: [string, string][] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) all.push([raw[at]!.toLowerCase(), raw[at + 1]!.trim()]);
  return all;
};

/** Ends a wait when the client drains or leaves, whichever is first. */
const untilDrained = (
  stream: {
    once(event: 'drain', listener: () => void): unknown;
    off(event: 'drain', listener: () => void): unknown;
  },
  gone: Departure,
): Promise<void> =>
  new Promise((resolve) => {
    if (gone.isOver) return resolve();
    const settle = (): void => {
      stream.off('drain', settle);
      callOff();
      resolve();
    };
    stream.once('drain', settle);
    const callOff = gone.tell(settle);
  });

export function incomingOfHttp1(request: IncomingMessage, response: ServerResponse, expects: boolean): Incoming {
  const gone = new Departure();
  response.once('close', () => {
    if (!response.writableFinished) gone.happen();
  });
  response.on('error', () => gone.happen());
  request.on('error', () => gone.happen());
  let waits = expects;
  return {
    method: request.method ?? '',
    target: request.url ?? '',
    headers: pairs(request.rawHeaders),
    body: request,
    http2: false,
    gone,
    get begun() {
      return response.headersSent;
    },
    proceed() {
      if (waits) response.writeContinue();
      waits = false;
    },
    head(status, headers) {
      response.sendDate = false;
      // A body that nobody reads any more would be taken for the next request, and so would what follows an upgrade.
      if (!request.complete || request.headers.upgrade !== undefined) response.shouldKeepAlive = false;
      response.writeHead(status, flat(headers));
    },
    write: (chunk) => written(response, chunk),
    drained: () => untilDrained(response, gone),
    end: () => void response.end(),
    destroy: () => void response.destroy(),
  };
}

/** Node gathers what one turn writes, and TLS copies what was gathered: of large pieces each goes by itself. */
function written(response: ServerResponse, chunk: Uint8Array): boolean {
  const isFree = response.write(chunk);
  if (chunk.length >= largeBytes && !response.chunkedEncoding) response.socket?.uncork();
  return isFree;
}

const flat = (headers: Headers): string[] => headers.flat();

export function incomingOfHttp2(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  raw: readonly string[],
): Incoming {
  const gone = new Departure();
  let ended = false;
  // A reset without an error ends the stream as an answer would: only who has answered knows the difference.
  stream.once('close', () => {
    if (!ended || !stream.writableFinished || stream.rstCode !== 0) gone.happen();
  });
  /** Closed by a reset, although some of the body waits to be read: nothing can be said on it any more, and Node throws. */
  const isOver = (): boolean => {
    if (stream.closed && !ended) gone.happen();
    return stream.destroyed || stream.closed;
  };
  stream.on('error', () => gone.happen());
  const listed = pairs(raw).filter(([name]) => !name.startsWith(':'));
  const authority = headers[':authority'];
  // Where both are there and differ, the host is there twice: one of them may be read by the next in line (RFC 9113, 8.3.1).
  if (authority !== undefined && !listed.some(([name, value]) => name === 'host' && value === authority))
    listed.unshift(['host', authority]);
  let waits = headers.expect === '100-continue';
  return {
    method: headers[':method'] ?? '',
    target: headers[':path'] ?? '',
    headers: listed,
    body: stream,
    http2: true,
    gone,
    get begun() {
      return stream.headersSent;
    },
    proceed() {
      if (waits && !isOver()) stream.additionalHeaders({ ':status': 100 });
      waits = false;
    },
    head(status, all) {
      if (isOver()) return;
      const allowed = all.filter(
        ([name]) => name !== 'connection' && name !== 'transfer-encoding' && name !== 'keep-alive',
      );
      stream.respond({ ':status': status, ...grouped(allowed) });
    },
    write: (chunk) => !isOver() && stream.write(chunk),
    drained: () => untilDrained(stream, gone),
    end() {
      if (isOver()) return;
      ended = true;
      stream.end();
    },
    // `close` would end the stream before it resets it: what was cut off would look like the whole.
    destroy: () => void stream.destroy(new Error('the response was broken off')),
  };
}

function grouped(headers: Headers): Record<string, string | string[]> {
  const all: Record<string, string | string[]> = {};
  for (const [name, value] of headers) {
    const before = all[name];
    all[name] = before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value];
  }
  return all;
}

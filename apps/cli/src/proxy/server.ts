import { createServer, type Server, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { GatewayError, refusalOf } from '@sallyport/core';
import { plainLine } from '../plain-text.js';
import { type ClientHello, errorResponse, readHello } from './startup.js';
import { cancel, type Dial, logIn } from './upstream.js';

export interface ProxyOptions {
  readonly port: number;
  readonly maxConnections: number;
  /** Where to, with a fresh ticket; called for each connection. */
  readonly dial: () => Promise<Dial>;
  readonly log: (line: string) => void;
}

export interface RunningProxy {
  readonly port: number;
  stop(): Promise<void>;
}

const startupDeadlineMs = 30_000;

type Opening = Exclude<ClientHello, { readonly kind: 'ssl' | 'gss' }>;

const isOpening = (hello: ClientHello): hello is Opening => hello.kind === 'startup' || hello.kind === 'cancel';

/** The client's start-up, after a No to each wish for encryption: it is on this machine. What follows stays in the socket. */
const greet = (client: Socket): Promise<Opening> =>
  new Promise((resolve, reject) => {
    let held: Buffer = Buffer.alloc(0);
    const fail = (cause?: unknown) =>
      settle(() =>
        reject(
          cause instanceof GatewayError
            ? cause
            : new GatewayError('PROTOCOL_VIOLATION', 'the client went away during its start-up', { cause }),
        ),
      );
    const timer = setTimeout(
      () => fail(new GatewayError('TIMED_OUT', 'the client did not start up in time')),
      startupDeadlineMs,
    );
    const take = (chunk: Buffer) => {
      held = Buffer.concat([held, chunk]);
      try {
        for (let found = readHello(held); found; found = readHello(held)) {
          held = found.rest;
          const { hello } = found;
          if (isOpening(hello)) return settle(() => resolve(hello));
          client.write('N');
        }
      } catch (error) {
        fail(error);
      }
    };
    const settle = (finish: () => void) => {
      clearTimeout(timer);
      client.pause();
      client.off('data', take).off('end', fail).off('close', fail);
      if (held.length > 0) client.unshift(held);
      finish();
    };
    client.on('data', take).once('end', fail).once('close', fail);
  });

const serve = async (client: Socket, options: ProxyOptions): Promise<void> => {
  const opening = await greet(client);
  if (opening.kind === 'cancel') {
    await cancel(await options.dial(), opening.packet);
    return void client.end();
  }
  const gone = new AbortController();
  const leave = () => gone.abort();
  client.once('close', leave);
  const upstream = await logIn(await options.dial(), opening.version, opening.parameters, gone.signal);
  client.off('close', leave);
  if (client.destroyed) return void upstream.socket.destroy();
  client.write(upstream.greeting);
  if (upstream.refused) return void client.end(() => upstream.socket.destroy());
  // each direction holds the other back: pipeline stops reading while its destination is full
  await Promise.allSettled([pipeline(client, upstream.socket), pipeline(upstream.socket, client)]);
  client.destroy();
  upstream.socket.destroy();
};

const refuse = (client: Socket, error: unknown, log: ProxyOptions['log']): void => {
  const { message, hint } = refusalOf(error);
  log(`a connection failed: ${plainLine(message)}`);
  if (!client.destroyed) client.end(errorResponse(message, hint), () => client.destroy());
};

const listen = (server: Server, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(
        new GatewayError('CONFLICT', `port ${port} on 127.0.0.1 cannot be used (${cause.code})`, {
          cause,
          hint: 'choose another with --port, or 0 for a free one',
        }),
      ),
    );
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : port);
    });
  });

/** Listens on loopback only, for PostgreSQL clients that keep their own pools and cannot ask for tickets. */
export const startProxy = async (options: ProxyOptions): Promise<RunningProxy> => {
  const clients = new Set<Socket>();
  const server = createServer({ noDelay: true }, (client) => {
    clients.add(client);
    client.on('error', () => client.destroy());
    client.once('close', () => clients.delete(client));
    if (clients.size > options.maxConnections)
      return refuse(
        client,
        new GatewayError('TOO_MANY_SESSIONS', 'the proxy has too many clients', { hint: 'raise --max-connections' }),
        options.log,
      );
    serve(client, options).catch((error: unknown) => refuse(client, error, options.log));
  });
  const port = await listen(server, options.port);
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const client of clients) client.destroy();
    });
  return { port, stop };
};

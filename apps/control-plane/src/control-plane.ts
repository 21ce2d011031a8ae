import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { application, type Feature, type Ground } from './app.module.js';
import { Configuration } from './platform/config.js';
import { closeStore } from './platform/database/close-store.js';
import { openDatabaseServer } from './platform/database/server.js';
import { Drain } from './platform/http/drain.js';
import {
  jsonBodies,
  noSecretsInQuery,
  problemsOfMiddleware,
  requestContext,
  securityHeaders,
} from './platform/http/middleware.js';
import { OpenApi } from './platform/http/openapi.js';
import { Log } from './platform/logging/log.js';
import { NestLogger } from './platform/logging/nest-logger.js';
import { Ids } from './platform/providers.js';

export interface ControlPlane {
  readonly app: NestExpressApplication;
  /** Where the HTTP API listens; differs from the configuration where that says port 0. */
  readonly url: string;
  /** Drains, closes every listener and connection, and stops an embedded database last. Safe to call twice. */
  close(): Promise<void>;
}

export interface StartOptions {
  readonly log?: Log;
  /** Instead of every module: for tests of some. */
  readonly features?: readonly Feature[];
}

/** How long requests that are under way may take once everything else has been drained. */
const lastRequestsMs = 5000;

/**
 * Starts the control plane and resolves once it serves.
 * @throws GatewayError when it cannot: what was started is stopped again
 */
export async function startControlPlane(
  configuration: Configuration,
  { log = Log.at(configuration.logLevel), features }: StartOptions = {},
): Promise<ControlPlane> {
  const server = await openDatabaseServer(configuration);
  let app: NestExpressApplication | undefined;
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= shutDown(app).finally(() => server.stop());
    return closing;
  };
  try {
    app = await create({ configuration, log, server }, features);
    prepare(app, { configuration, log });
    await app.listen(configuration.http.port, configuration.http.host);
  } catch (error) {
    await close();
    throw error;
  }
  const url = urlOf(app, configuration);
  log.info('control-plane.started', { url });
  return { app, url, close };
}

function create(ground: Ground, features?: readonly Feature[]): Promise<NestExpressApplication> {
  const { tls } = ground.configuration.http;
  return NestFactory.create<NestExpressApplication>(application(ground, features), {
    logger: new NestLogger(ground.log),
    bodyParser: false,
    abortOnError: false,
    forceCloseConnections: true,
    ...(tls === undefined
      ? {}
      : { httpsOptions: { cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile) } }),
  });
}

function prepare(app: NestExpressApplication, { configuration, log }: Omit<Ground, 'server'>): void {
  const { trustedProxies, publicUrl } = configuration.http;
  app.set('trust proxy', trustedProxies);
  app.set('query parser', 'simple');
  app.disable('x-powered-by');
  app.use(requestContext(log, app.get(Ids)), securityHeaders(publicUrl.startsWith('https:')));
  app.use(noSecretsInQuery, ...jsonBodies());
  app.use(problemsOfMiddleware(log));
  app.get(OpenApi).describe(app);
  const server = serverOf(app);
  server.requestTimeout = 60_000;
  server.headersTimeout = 15_000;
}

async function shutDown(app: NestExpressApplication | undefined): Promise<void> {
  if (app === undefined) return;
  await app.get(Drain).begin(); // the API stays up meanwhile: people may still settle what sessions wait for
  await lastRequests(serverOf(app));
  await app.close();
  await closeStore(app);
}

/** Takes no new connection, and waits a while for the requests that are under way. */
async function lastRequests(server: Server): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const done = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  await Promise.race([
    done,
    new Promise((resolve) => {
      timer = setTimeout(resolve, lastRequestsMs);
    }),
  ]);
  clearTimeout(timer);
}

const serverOf = (app: NestExpressApplication): Server => app.getHttpServer();

function urlOf(app: NestExpressApplication, { http }: Configuration): string {
  const { port } = serverOf(app).address() as AddressInfo;
  const host = http.host.includes(':') ? `[${http.host}]` : http.host;
  return `${http.tls === undefined ? 'http' : 'https'}://${host}:${port}`;
}

import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { application, type Feature } from './app.module.js';
import { Configuration } from './platform/config.js';
import { DatabaseServer } from './platform/database/tokens.js';
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

/**
 * Starts the control plane and resolves once it serves.
 * @throws GatewayError when it cannot: what was started is stopped again
 */
export async function startControlPlane(
  configuration: Configuration,
  { log = Log.at(configuration.logLevel), features }: StartOptions = {},
): Promise<ControlPlane> {
  const app = await create(configuration, log, features);
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= shutDown(app));
  try {
    await app.listen(configuration.http.port, configuration.http.host);
  } catch (error) {
    await close();
    throw error;
  }
  const url = urlOf(app, configuration);
  log.info('control-plane.started', { url });
  return { app, url, close };
}

async function create(
  configuration: Configuration,
  log: Log,
  features?: readonly Feature[],
): Promise<NestExpressApplication> {
  const { tls, trustedProxies, publicUrl } = configuration.http;
  const app = await NestFactory.create<NestExpressApplication>(application(configuration, log, features), {
    logger: new NestLogger(log),
    bodyParser: false,
    abortOnError: false,
    forceCloseConnections: true,
    ...(tls === undefined
      ? {}
      : { httpsOptions: { cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile) } }),
  });
  app.set('trust proxy', trustedProxies);
  app.set('query parser', 'simple');
  app.disable('x-powered-by');
  app.use(
    requestContext(log, app.get(Ids)),
    securityHeaders(publicUrl.startsWith('https:')),
    noSecretsInQuery,
    ...jsonBodies(),
  );
  app.use(problemsOfMiddleware(log));
  app.get(OpenApi).describe(app);
  const server = app.getHttpServer();
  server.requestTimeout = 60_000;
  server.headersTimeout = 15_000;
  return app;
}

async function shutDown(app: NestExpressApplication): Promise<void> {
  const database = app.get(DatabaseServer);
  await app.get(Drain).begin();
  try {
    await app.close();
  } finally {
    await database.stop();
  }
}

function urlOf(app: NestExpressApplication, { http }: Configuration): string {
  const { port } = app.getHttpServer().address() as AddressInfo;
  const host = http.host.includes(':') ? `[${http.host}]` : http.host;
  return `${http.tls === undefined ? 'http' : 'https'}://${host}:${port}`;
}

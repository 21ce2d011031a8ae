import { GatewayError } from '@sallyport/core';
import { json, type NextFunction, type Request, type RequestHandler, type Response } from 'express';
import type { Log } from '../logging/log.js';
import { logContext } from '../logging/log.js';
import type { Ids } from '../providers.js';
import { gatewayErrorOf, sendProblem } from './problem-filter.js';

/** Largest body of any route: a policy text fits many times. */
const mostBodyBytes = 1024 * 1024;

let underWay = 0;

// On Node before 24 a storage in use puts a hook on every promise of the process, gateway sessions included (about a
// twelfth of their time, measured); between requests nobody needs it.
const requestIsOver = (): void => {
  underWay -= 1;
  if (underWay === 0) logContext.disable();
};

/** Every line of a request, and its error, carry one id that the server made. One line when it is over. */
export const requestContext =
  (log: Log, ids: Ids): RequestHandler =>
  (request, response, next) => {
    const correlationId = ids.next<string>();
    const started = performance.now();
    response.setHeader('x-correlation-id', correlationId);
    underWay += 1;
    logContext.run({ correlationId }, () => {
      response.on('close', () => {
        log.info('request.answered', {
          method: request.method,
          path: request.path, // never the query: a mistaken client may put a secret there
          status: response.statusCode,
          aborted: !response.writableFinished,
          duration_ms: Math.round(performance.now() - started),
          address: request.ip,
        });
        requestIsOver();
      });
      next();
    });
  };

const headers: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/** @param secure whether browsers reach this server by https */
export const securityHeaders =
  (secure: boolean): RequestHandler =>
  (_request, response, next) => {
    response.setHeaders(new Map(Object.entries(headers)));
    if (secure) response.setHeader('strict-transport-security', 'max-age=31536000; includeSubDomains');
    next();
  };

const secretParameters = new Set([
  'access_token',
  'id_token',
  'refresh_token',
  'token',
  'ticket',
  'bearer',
  'authorization',
  'client_secret',
  'secret',
  'password',
]);

/** Addresses end up in logs, histories and Referer headers, so a secret in one is refused rather than used. */
export const noSecretsInQuery: RequestHandler = (request, _response, next) => {
  const found = Object.keys(request.query).find((name) => secretParameters.has(name.toLowerCase()));
  if (found === undefined) next();
  else
    next(
      new GatewayError('INVALID_INPUT', `the query holds "${found}": a secret must not travel in an address`, {
        hint: 'send it in the Authorization header, and replace it: it may have been logged',
      }),
    );
};

const withoutBody = new Set(['GET', 'HEAD', 'OPTIONS', 'DELETE']);

// Libraries disagree about what `__proto__` in a body means; no body of this API has one.
const refusePrototype = (name: string, value: unknown): unknown => {
  if (name === '__proto__') throw new SyntaxError('a body may not name a prototype');
  return value;
};

// What these take may be larger, or no JSON: it is read once the caller is known (see body.ts).
const readLater = /^\/(hooks|otlp)\//;

const unlessReadLater =
  (handler: RequestHandler): RequestHandler =>
  (request, response, next) => {
    if (readLater.test(request.path)) next();
    else handler(request, response, next);
  };

/** JSON bodies only, at most 1 MiB. */
export const jsonBodies = (): RequestHandler[] => handlers.map(unlessReadLater);

const handlers: readonly RequestHandler[] = [
  (request, _response, next) => {
    const length = request.header('content-length') ?? (request.header('transfer-encoding') === undefined ? '0' : '1');
    if (withoutBody.has(request.method) || length === '0' || request.is('application/json') !== false) next();
    else next(new GatewayError('INVALID_INPUT', 'a body must be application/json'));
  },
  json({ limit: mostBodyBytes, strict: true, type: 'application/json', reviver: refusePrototype }),
];

/** Errors of middleware, which Nest's filter does not see. */
export const problemsOfMiddleware =
  (log: Log) =>
  (thrown: unknown, _request: Request, response: Response, _next: NextFunction): void => {
    const error = gatewayErrorOf(thrown);
    if (error.code === 'INTERNAL') log.error('request.failed', { error });
    if (response.headersSent) response.destroy();
    else sendProblem(response, error);
  };

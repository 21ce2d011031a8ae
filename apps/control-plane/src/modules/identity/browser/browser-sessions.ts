import { createHash, timingSafeEqual } from 'node:crypto';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { GatewayError } from '@sallyport/core';
import connectPgSimple from 'connect-pg-simple';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import session from 'express-session';
import type { Pool } from 'pg';
import { DataSource } from 'typeorm';
import { Configuration, Log, MasterKey } from '../../../platform/index.js';
import type { BrowserLogin } from './login-session.js';

const PostgresStore = connectPgSimple(session);

const readOnly = new Set(['GET', 'HEAD', 'OPTIONS']);

const digestOf = (request: Request): string =>
  createHash('sha256')
    .update(request.header('user-agent') ?? '')
    .digest('hex');

/** A callback of express-session's, awaited. */
const done = (work: (callback: (error?: Error | null) => void) => unknown): Promise<void> =>
  new Promise((resolve, reject) => {
    work((error) => (error ? reject(error) : resolve()));
  });

/** Cookie sessions of the console, kept in the database so that every replica knows them. */
@Injectable()
export class BrowserSessions implements OnApplicationShutdown {
  readonly cookieName: string;
  private readonly store: InstanceType<typeof PostgresStore>;
  private readonly session: RequestHandler;
  private readonly origin: string;

  constructor(database: DataSource, configuration: Configuration, masterKey: MasterKey, log: Log) {
    const secure = configuration.http.publicUrl.startsWith('https:');
    this.origin = new URL(configuration.http.publicUrl).origin;
    this.cookieName = secure ? '__Host-sallyport' : 'sallyport';
    const { master } = database.driver as unknown as { readonly master: Pool };
    this.store = new PostgresStore({
      pool: master,
      tableName: 'http_sessions',
      pruneSessionInterval: 900,
      errorLog: (...line) => log.warn('browser-sessions.failed', { message: String(line[0]) }),
    });
    this.session = session({
      name: this.cookieName,
      secret: Buffer.from(masterKey.derive('browser-session')).toString('base64url'),
      store: this.store,
      resave: false,
      saveUninitialized: false,
      proxy: configuration.http.trustedProxies > 0,
      cookie: { httpOnly: true, sameSite: 'lax', secure, path: '/', maxAge: configuration.grantMs },
    });
  }

  /** Only where it can matter: the login routes, and requests that bring the cookie and no bearer token. */
  readonly middleware = (request: Request, response: Response, next: NextFunction): void => {
    const wanted =
      request.originalUrl.startsWith('/auth/') ||
      (request.header('authorization') === undefined && this.hasCookie(request));
    if (wanted) this.session(request, response, next);
    else next();
  };

  async onApplicationShutdown(): Promise<void> {
    await this.store.close();
  }

  hasCookie(request: Request): boolean {
    return (request.header('cookie') ?? '').split(';').some((part) => part.trim().startsWith(`${this.cookieName}=`));
  }

  /** A fresh session id for a fresh login, so that one planted before is worth nothing. */
  async logIn(request: Request, grantId: string): Promise<void> {
    await done((callback) => request.session.regenerate(callback));
    request.session.login = { grantId, clientDigest: digestOf(request) };
    await done((callback) => request.session.save(callback));
  }

  async logOut(request: Request, response: Response): Promise<void> {
    await done((callback) => request.session.destroy(callback));
    response.clearCookie(this.cookieName, { path: '/' });
  }

  /** @returns undefined when the cookie belongs to no login. @throws GatewayError FORBIDDEN on a forged write */
  loginOf(request: Request): BrowserLogin | undefined {
    const login = (request.session as Request['session'] | undefined)?.login;
    if (login === undefined || !timingSafeEqual(Buffer.from(login.clientDigest), Buffer.from(digestOf(request))))
      return undefined;
    if (!readOnly.has(request.method)) this.refuseForgery(request);
    return login;
  }

  // A browser sends the cookie wherever a page of anybody's makes it post; it cannot make it send this header, nor our Origin.
  private refuseForgery(request: Request): void {
    if (request.header('origin') === this.origin && request.header('x-sallyport-request') !== undefined) return;
    throw new GatewayError(
      'FORBIDDEN',
      'a write with a cookie needs the header "X-Sallyport-Request" and this server’s own Origin',
    );
  }
}

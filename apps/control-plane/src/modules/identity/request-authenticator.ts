import { Injectable } from '@nestjs/common';
import { GatewayError } from '@sallyport/core';
import type { Request } from 'express';
import { type Accepted, type Authentication, Authenticator } from '../../platform/index.js';
import { BrowserSessions } from './browser/browser-sessions.js';
import { LoginService } from './login.service.js';

const bearer = /^Bearer ([A-Za-z0-9._~+/-]+=*)$/i; // RFC 6750, 2.1

/** A bearer token where there is one, else the console's cookie. Never both: the token says who asks. */
@Injectable()
export class RequestAuthenticator extends Authenticator {
  constructor(
    private readonly logins: LoginService,
    private readonly browser: BrowserSessions,
  ) {
    super();
  }

  override async authenticate(request: Request, accepted: Accepted): Promise<Authentication> {
    const header = request.header('authorization');
    if (header !== undefined) {
      const credential = bearer.exec(header)?.[1];
      if (credential === undefined) throw notLoggedIn();
      return this.logins.byBearer(credential, request.ip, accepted);
    }
    const login = this.browser.loginOf(request);
    if (login === undefined) throw notLoggedIn();
    return { ...(await this.logins.check(login.grantId)), method: 'cookie' };
  }
}

const notLoggedIn = (): GatewayError =>
  new GatewayError('UNAUTHENTICATED', 'you are not logged in', { hint: 'log in with "sallyport login"' });

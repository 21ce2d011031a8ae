import { Controller, Get, HttpCode, Post, Req, Res, UseGuards } from '@nestjs/common';
import { GatewayError, type Identity } from '@sallyport/core';
import type { Request, Response } from 'express';
import { type Authentication, Caller, CallerLogin, Public, RateLimited, Requires } from '../../../platform/index.js';
import { LoginService } from '../login.service.js';
import type { VerifiedToken } from '../tokens/access-token.js';
import { BrowserSessions } from './browser-sessions.js';
import { LoginStartGuard } from './login-start.guard.js';
import { OidcGuard } from './oidc.guard.js';

@Controller('auth')
export class BrowserLoginController {
  constructor(
    private readonly sessions: BrowserSessions,
    private readonly logins: LoginService,
  ) {}

  @Get('login')
  @Public()
  @UseGuards(LoginStartGuard, OidcGuard)
  login(): never {
    throw new GatewayError('INTERNAL', 'the browser should have been sent to the issuer');
  }

  @Get('callback')
  @Public()
  @RateLimited('login')
  @UseGuards(OidcGuard)
  async callback(@Req() request: Request & { user: VerifiedToken }, @Res() response: Response): Promise<void> {
    const returnTo = request.session.returnTo ?? '/v1/whoami';
    const { grantId } = await this.logins.byIdToken(request.user, request.ip);
    await this.sessions.logIn(request, grantId);
    response.redirect(303, returnTo);
  }

  @Post('logout')
  @Requires('identity.read')
  @HttpCode(204)
  async logout(
    @Caller() by: Identity,
    @CallerLogin() { grantId, method }: Authentication,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<void> {
    await this.logins.end(grantId, by);
    if (method === 'cookie') await this.sessions.logOut(request, response);
  }
}

import { type ExecutionContext, Injectable } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { GatewayError } from '@sallyport/core';
import type { Request } from 'express';
import { LoginRefusals } from '../login-refusals.js';
import { strategyName } from './oidc.strategy.js';

const begun = AuthGuard(strategyName);

/** Sends the browser to the issuer, or takes it back from there; `request.user` is the verified id_token. */
@Injectable()
export class OidcGuard extends begun {
  constructor(private readonly refusals: LoginRefusals) {
    super();
  }

  override getAuthenticateOptions(): { session: false } {
    return { session: false };
  }

  override handleRequest<User>(error: unknown, user: User | false, _info: unknown, context: ExecutionContext): User {
    if (!error && user) return user;
    const refusal = error instanceof GatewayError ? error : notCompleted(error);
    this.refusals.tell({ method: 'browser', address: context.switchToHttp().getRequest<Request>().ip }, refusal);
    throw refusal;
  }
}

const notCompleted = (cause: unknown): GatewayError =>
  new GatewayError('UNAUTHENTICATED', 'the login was not completed', { cause, hint: 'start again at /auth/login' });

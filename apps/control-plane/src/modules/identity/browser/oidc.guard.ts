import { type ExecutionContext, Injectable } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { GatewayError } from '@sallyport/core';
import { strategyName } from './oidc.strategy.js';

const begun = AuthGuard(strategyName);

/** Sends the browser to the issuer, or takes it back from there; `request.user` is the verified id_token. */
@Injectable()
export class OidcGuard extends begun {
  override getAuthenticateOptions(): { session: false } {
    return { session: false };
  }

  override handleRequest<User>(error: unknown, user: User | false, _info: unknown, _context: ExecutionContext): User {
    if (error instanceof GatewayError) throw error;
    if (!error && user) return user;
    throw new GatewayError('UNAUTHENTICATED', 'the login was not completed', {
      cause: error,
      hint: 'start again at /auth/login',
    });
  }
}

import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { GatewayError } from '@sallyport/core';
import { type AuthenticatedRequest, Authenticator } from './authentication.js';
import { publicRoute, requiredPermission, witnessRoute } from './decorators.js';
import { may, type Permission } from './permissions.js';

/** Before every route: public, or a known caller who holds the route's permission. Neither decorator: refused. */
@Injectable()
export class AuthorizationGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly authenticator: Authenticator,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const targets = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean | undefined>(publicRoute, targets) === true) return true;
    const permission = this.reflector.getAllAndOverride<Permission | undefined>(requiredPermission, targets);
    if (permission === undefined) throw new GatewayError('FORBIDDEN', 'this route is closed');

    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    const witnessTokens = this.reflector.getAllAndOverride<boolean | undefined>(witnessRoute, targets) === true;
    const authentication = await this.authenticator.authenticate(request, { witnessTokens });
    request.authentication = authentication;
    if (may(authentication.identity, permission)) return true;
    throw new GatewayError('FORBIDDEN', `you may not do this: it needs the permission "${permission}"`, {
      hint: 'ask an administrator for a role that holds it; "sallyport whoami" shows the roles you have',
    });
  }
}

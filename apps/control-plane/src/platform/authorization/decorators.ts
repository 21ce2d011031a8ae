import { createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import type { Identity } from '@sallyport/core';
import type { AuthenticatedRequest, Authentication } from './authentication.js';
import type { Permission } from './permissions.js';

export const requiredPermission = 'sallyport:permission';
export const publicRoute = 'sallyport:public';

/** The one permission of a route. */
export const Requires = (permission: Permission): MethodDecorator & ClassDecorator =>
  SetMetadata(requiredPermission, permission);

/** A route for callers that are not known. */
export const Public = (): MethodDecorator & ClassDecorator => SetMetadata(publicRoute, true);

export const witnessRoute = 'sallyport:witness-tokens';

/** A route that takes a witness token beside a login. */
export const TakesWitnessTokens = (): MethodDecorator & ClassDecorator => SetMetadata(witnessRoute, true);

const authenticationOf = (context: ExecutionContext): Authentication => {
  const { authentication } = context.switchToHttp().getRequest<AuthenticatedRequest>();
  if (authentication === undefined) throw new Error('a public route has no caller');
  return authentication;
};

/** Who asks. Only on routes with `@Requires`. */
export const Caller = createParamDecorator(
  (_: unknown, context: ExecutionContext): Identity => authenticationOf(context).identity,
);

/** Who asks and by which login. Only on routes with `@Requires`. */
export const CallerLogin = createParamDecorator(
  (_: unknown, context: ExecutionContext): Authentication => authenticationOf(context),
);

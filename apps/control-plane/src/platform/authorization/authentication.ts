import type { Identity } from '@sallyport/core';
import type { Request } from 'express';

/** How a caller showed who it is. */
export type LoginMethod = 'bearer' | 'cookie' | 'service-account';

export interface Authentication {
  readonly identity: Identity;
  readonly method: LoginMethod;
  /** The login grant behind the request: sessions end with it. */
  readonly grantId: string;
  /** When the login ends, whatever else happens. */
  readonly expiresAt: Date;
}

export interface AuthenticatedRequest extends Request {
  authentication?: Authentication;
}

/** What a route takes beyond logins. */
export interface Accepted {
  /** Tokens that may tell what an AI does, and nothing else. */
  readonly witnessTokens: boolean;
}

/** Finds out who asks; the identity module provides it, the guard calls it before every route that is not public. */
export abstract class Authenticator {
  /** @throws GatewayError UNAUTHENTICATED, FORBIDDEN (cookie without CSRF proof), GRANT_ENDED, RATE_LIMITED */
  abstract authenticate(request: Request, accepted: Accepted): Promise<Authentication>;
}

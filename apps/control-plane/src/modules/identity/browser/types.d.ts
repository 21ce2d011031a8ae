declare module 'passport-openidconnect' {
  import type { Request } from 'express';
  import { Strategy } from 'passport';

  namespace OpenIDConnectStrategy {
    interface OAuth2 {
      readonly _clientId: string;
      readonly _clientSecret: string;
      _authorizeUrl: string;
      _accessTokenUrl: string;
      getOAuthAccessToken(
        code: string,
        parameters: Record<string, string>,
        callback: (
          error: unknown,
          accessToken?: string,
          refreshToken?: string,
          answer?: Record<string, unknown>,
        ) => void,
      ): void;
    }

    interface Options {
      issuer: string;
      authorizationURL: string;
      tokenURL: string;
      clientID: string;
      clientSecret: string;
      callbackURL: string;
      scope: string[];
      nonce: true;
      sessionKey: string;
      skipUserProfile: true;
    }
  }

  class OpenIDConnectStrategy extends Strategy {
    constructor(options: OpenIDConnectStrategy.Options, verify: (...values: never[]) => void);
    _oauth2: OpenIDConnectStrategy.OAuth2;
    authenticate(request: Request, options?: object): void;
    authorizationParams(options: object): Record<string, string>;
    error(error: unknown): void;
    fail(challenge: object, status?: number): void;
  }

  export = OpenIDConnectStrategy;
}

declare module 'connect-pg-simple' {
  import type session from 'express-session';

  interface Options {
    pool: unknown;
    tableName: string;
    pruneSessionInterval: number;
    errorLog: (...line: unknown[]) => void;
  }

  interface PGStore extends session.Store {
    close(): Promise<void>;
  }

  function connectPgSimple(from: typeof session): new (options: Options) => PGStore;
  export = connectPgSimple;
}

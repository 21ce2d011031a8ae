import 'express-session';

/** What a login leaves in the browser's session. */
export interface BrowserLogin {
  readonly grantId: string;
  /** Of the User-Agent that logged in: a cookie that turns up in another client is not believed. */
  readonly clientDigest: string;
}

declare module 'express-session' {
  interface SessionData {
    login?: BrowserLogin;
    /** PKCE code verifier (RFC 7636) of the login that is under way. */
    verifier?: string;
    /** Where to go after it: a path of this server. */
    returnTo?: string;
  }
}

import { GatewayError } from '@sallyport/core';

export interface Unavailable {
  /** Where it was looked for: paths, secrets' ids, profiles. For the agent's own log. */
  readonly about?: Readonly<Record<string, string>>;
  readonly hint?: string;
  readonly cause?: unknown;
}

/** Clients are told this: it says what is wrong, and not where in the private network the credential is kept. */
export const unavailable = (
  message: string,
  { about = {}, hint = 'ask an administrator to look at the agent’s log, which says more', cause }: Unavailable = {},
): GatewayError =>
  new GatewayError('CREDENTIAL_UNAVAILABLE', message, {
    hint,
    details: about,
    ...(cause === undefined ? {} : { cause }),
  });

/** A cause's own text may quote what it has read. */
export const nameOf = (error: unknown): string => (error instanceof Error ? error.name : 'unknown error');

import { Injectable } from '@nestjs/common';
import { type ErrorCode, GatewayError, refusalOf } from '@sallyport/core';
import type { LoginSeen } from '@sallyport/evidence';
import { Configuration } from '../../platform/index.js';
import { Refusals, type RefusedEvent } from '../evidence/refusals.js';

/** What is a refusal of a login, and not a failure of ours. */
const refusals: ReadonlySet<ErrorCode> = new Set(['UNAUTHENTICATED', 'FORBIDDEN', 'GRANT_ENDED', 'RATE_LIMITED']);

export interface LoginAttempt {
  readonly method: LoginSeen['method'];
  readonly address?: string | undefined;
}

/** Logins that were not accepted, on record by source address and reason; never the credential that was shown. */
@Injectable()
export class LoginRefusals {
  constructor(
    private readonly refusals: Refusals,
    private readonly configuration: Configuration,
  ) {}

  tell({ method, address = '' }: LoginAttempt, error: unknown): void {
    if (!(error instanceof GatewayError) || !refusals.has(error.code)) return;
    const { code, message } = refusalOf(error);
    const { issuer } = this.configuration.oidc;
    const refused = (key: string, where: { address?: string }): RefusedEvent => ({
      key,
      told: (count) => ({
        event: 'login.refused',
        body: { issuer, method, ...where, refusal: { code, message }, count },
      }),
    });
    const known = address === '' ? {} : { address };
    this.refusals.tell(
      refused(`login ${method} ${address} ${code} ${message}`, known),
      refused(`login ${method} ${code}`, {}),
    );
  }
}

import { Controller, Get } from '@nestjs/common';
import {
  type Authentication,
  CallerLogin,
  Configuration,
  may,
  type Permission,
  Public,
  permissions,
  Requires,
} from '../../platform/index.js';

interface WhoAmI {
  readonly id: string;
  readonly class: string;
  readonly issuer: string;
  readonly subject: string;
  readonly name: string;
  readonly groups: readonly string[];
  readonly roles: readonly string[];
  readonly permissions: readonly string[];
  readonly login: { readonly method: string; readonly expires_at: string };
}

interface LoginAdvice {
  readonly issuer: string;
  readonly audience: string;
  readonly scopes: readonly string[];
  readonly cli_client_id: string | null;
  readonly browser_login: string | null;
}

@Controller('v1')
export class IdentityController {
  constructor(private readonly configuration: Configuration) {}

  @Get('whoami')
  @Requires('identity.read')
  whoAmI(@CallerLogin() { identity, method, expiresAt }: Authentication): WhoAmI {
    const held = (Object.keys(permissions) as Permission[]).filter((permission) => may(identity, permission));
    return { ...identity, permissions: held, login: { method, expires_at: expiresAt.toISOString() } };
  }

  /** What a client needs to know before anybody has logged in. */
  @Get('auth/config')
  @Public()
  loginAdvice(): LoginAdvice {
    const { issuer, audience, scopes, cliClientId = null, clientId } = this.configuration.oidc;
    return {
      issuer,
      audience,
      scopes,
      cli_client_id: cliClientId,
      browser_login: clientId === undefined ? null : `${this.configuration.http.publicUrl}/auth/login`,
    };
  }
}

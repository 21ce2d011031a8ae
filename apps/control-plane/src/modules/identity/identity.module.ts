import { Global, type MiddlewareConsumer, Module, type NestModule } from '@nestjs/common';
import { Authenticator } from '../../platform/index.js';
import { EvidenceModule } from '../evidence/evidence.module.js';
import { GrantsModule } from '../grants/grants.module.js';
import { ServiceAccountsModule } from '../service-accounts/service-accounts.module.js';
import { WitnessTokensModule } from '../witness-tokens/witness-tokens.module.js';
import { BrowserLoginController } from './browser/browser-login.controller.js';
import { BrowserSessions } from './browser/browser-sessions.js';
import { OidcStrategy } from './browser/oidc.strategy.js';
import { IdentityController } from './identity.controller.js';
import { LoginService } from './login.service.js';
import { LoginRefusals } from './login-refusals.js';
import { RequestAuthenticator } from './request-authenticator.js';
import { AccessTokens } from './tokens/access-token.js';
import { Issuer } from './tokens/issuer.js';

/** Who asks: bearer tokens of the issuer, service accounts' secrets, and the console's login. */
@Global()
@Module({
  imports: [EvidenceModule, GrantsModule, ServiceAccountsModule, WitnessTokensModule],
  controllers: [IdentityController, BrowserLoginController],
  providers: [
    Issuer,
    AccessTokens,
    LoginRefusals,
    LoginService,
    BrowserSessions,
    OidcStrategy,
    { provide: Authenticator, useClass: RequestAuthenticator },
  ],
  exports: [Authenticator],
})
export class IdentityModule implements NestModule {
  constructor(private readonly sessions: BrowserSessions) {}

  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(this.sessions.middleware).forRoutes('{*path}');
  }
}

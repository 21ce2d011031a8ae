import { Body, Controller, Post } from '@nestjs/common';
import { type Authentication, CallerLogin, RateLimited, Requires } from '../../platform/index.js';
import { IssueWitnessTokenBody } from './witness-tokens.dto.js';
import { type IssuedWitnessToken, WitnessTokens } from './witness-tokens.service.js';

@Controller('v1/witness-tokens')
export class WitnessTokensController {
  constructor(private readonly tokens: WitnessTokens) {}

  @Post()
  @Requires('witness-token.issue')
  @RateLimited('ticket')
  issue(@CallerLogin() login: Authentication, @Body() body: IssueWitnessTokenBody): Promise<IssuedWitnessToken> {
    return this.tokens.issue(login, body.client);
  }
}

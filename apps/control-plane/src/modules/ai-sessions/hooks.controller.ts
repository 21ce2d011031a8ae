import { Controller, HttpCode, Post } from '@nestjs/common';
import type { Identity } from '@sallyport/core';
import { Caller, LargeJsonBody, RateLimited, Requires, TakesWitnessTokens } from '../../platform/index.js';
import type { HookAnswer } from './hook-answer.js';
import { hookEvent } from './hook-event.js';
import { Hooks } from './hooks.service.js';

/** A file that a tool writes or has read is part of what a hook is told. */
const mostBytes = 8 * 1024 * 1024;

/** Where AI clients post what their hooks are told. */
@Controller('hooks')
@Requires('witness.tell')
@TakesWitnessTokens()
export class HooksController {
  constructor(private readonly hooks: Hooks) {}

  @Post('claude')
  @HttpCode(200)
  @RateLimited('hook')
  claude(@Caller() caller: Identity, @LargeJsonBody(mostBytes) body: unknown): Promise<HookAnswer> {
    return this.hooks.tell(caller, 'claude-code', hookEvent(body));
  }

  @Post('codex')
  @HttpCode(200)
  @RateLimited('hook')
  codex(@Caller() caller: Identity, @LargeJsonBody(mostBytes) body: unknown): Promise<HookAnswer> {
    return this.hooks.tell(caller, 'codex', hookEvent(body));
  }
}

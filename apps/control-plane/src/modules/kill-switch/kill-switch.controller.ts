import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import type { Identity } from '@sallyport/core';
import { Caller, Id, IsLine, Requires } from '../../platform/index.js';
import { type KilledAiSession, KillSwitch } from './kill-switch.service.js';

export class KillBody {
  /** Kept with the name of whoever ends it. */
  @IsLine(1000)
  reason: string;
}

@Controller('v1/ai-sessions')
export class KillSwitchController {
  constructor(private readonly killSwitch: KillSwitch) {}

  @Post(':id/kill')
  @HttpCode(200)
  @Requires('ai-session.kill')
  kill(@Caller() by: Identity, @Param('id', Id) id: string, @Body() { reason }: KillBody): Promise<KilledAiSession> {
    return this.killSwitch.kill(by, id, reason);
  }
}

import { Module } from '@nestjs/common';
import { AiSessionsModule } from '../ai-sessions/ai-sessions.module.js';
import { TelemetryController } from './telemetry.controller.js';
import { Telemetry } from './telemetry.service.js';

/** The third witness: what AI clients tell by OpenTelemetry. */
@Module({
  imports: [AiSessionsModule],
  controllers: [TelemetryController],
  providers: [Telemetry],
})
export class TelemetryModule {}

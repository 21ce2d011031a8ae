import { Module } from '@nestjs/common';
import { AiSessionsModule } from '../ai-sessions/ai-sessions.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { TraceLeaves } from './trace-leaves.js';
import { TraceSubjects } from './trace-subject.js';
import { TracesController } from './traces.controller.js';
import { Traces } from './traces.service.js';

@Module({
  imports: [AiSessionsModule, SessionsModule],
  controllers: [TracesController],
  providers: [TraceLeaves, TraceSubjects, Traces],
})
export class TracesModule {}

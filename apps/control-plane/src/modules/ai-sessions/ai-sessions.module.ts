import { Module } from '@nestjs/common';
import { EvidenceModule } from '../evidence/evidence.module.js';
import { TurnsModule } from '../turns/turns.module.js';
import { AgedTexts } from './aged-texts.service.js';
import { AiSessionReader } from './ai-session-reader.js';
import { AiSessionsController } from './ai-sessions.controller.js';
import { AiSessions } from './ai-sessions.service.js';
import { CallTurns } from './call-turns.service.js';
import { HeardMessages } from './heard-messages.service.js';
import { HooksController } from './hooks.controller.js';
import { Hooks } from './hooks.service.js';
import { KnownCalls } from './known-calls.js';
import { KnownSessions } from './known-sessions.js';
import { ModelWitnesses } from './model-witnesses.service.js';
import { PersonalTexts } from './personal-texts.js';
import { Prompts } from './prompts.service.js';
import { RefusedCalls } from './refused-calls.service.js';
import { SubAgents } from './sub-agents.service.js';
import { ToolCalls } from './tool-calls.service.js';
import { TurnMessages } from './turn-messages.service.js';
import { Turns } from './turns.service.js';

/** AI sessions, their turns and tool calls, as the witnesses tell them. */
@Module({
  imports: [EvidenceModule, TurnsModule],
  controllers: [AiSessionsController, HooksController],
  providers: [
    AgedTexts,
    AiSessionReader,
    AiSessions,
    CallTurns,
    HeardMessages,
    Hooks,
    KnownCalls,
    KnownSessions,
    ModelWitnesses,
    PersonalTexts,
    Prompts,
    RefusedCalls,
    SubAgents,
    ToolCalls,
    TurnMessages,
    Turns,
  ],
  exports: [
    AgedTexts,
    AiSessions,
    CallTurns,
    HeardMessages,
    ModelWitnesses,
    PersonalTexts,
    Prompts,
    RefusedCalls,
    SubAgents,
    ToolCalls,
    TurnMessages,
    Turns,
  ],
})
export class AiSessionsModule {}

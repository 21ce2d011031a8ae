import { Module } from '@nestjs/common';
import { EvidenceModule } from '../evidence/evidence.module.js';
import { AiSessions } from './ai-sessions.service.js';
import { CallTurns } from './call-turns.service.js';
import { PersonalTexts } from './personal-texts.js';
import { Prompts } from './prompts.service.js';
import { SubAgents } from './sub-agents.service.js';
import { ToolCalls } from './tool-calls.service.js';
import { TurnMessages } from './turn-messages.service.js';
import { Turns } from './turns.service.js';

/** AI sessions, their turns and tool calls, as the witnesses tell them. */
@Module({
  imports: [EvidenceModule],
  providers: [AiSessions, CallTurns, PersonalTexts, Prompts, SubAgents, ToolCalls, TurnMessages, Turns],
  exports: [AiSessions, PersonalTexts, SubAgents, ToolCalls, TurnMessages, Turns],
})
export class AiSessionsModule {}

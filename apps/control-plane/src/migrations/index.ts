import {
  AgentKeys1795254540000,
  Agents1795254240000,
  SelfChecks1795254660000,
} from '../modules/agents/migrations/index.js';
import {
  AiSessions1795255500000,
  ErasedTexts1795255874000,
  HeardMessages1795255800000,
} from '../modules/ai-sessions/migrations/index.js';
import {
  Evidence1795254300000,
  KeyParents1795255872000,
  LogKeys1795254600000,
} from '../modules/evidence/migrations/index.js';
import { Recording1795254360000 } from '../modules/recording/migrations/index.js';
import {
  OperationFlags1795255870000,
  OperationTurns1795255740000,
  Sessions1795254420000,
} from '../modules/sessions/migrations/index.js';
import { TicketCalls1795255590000 } from '../modules/tickets/migrations/index.js';
import { Turns1795255560000 } from '../modules/turns/migrations/index.js';
import { Foundation1795254000000 } from './1795254000000-foundation.js';
import { Identity1795254060000 } from './1795254060000-identity.js';
import { Policies1795254120000 } from './1795254120000-policies.js';
import { Reviews1795254180000 } from './1795254180000-reviews.js';
import { Gateway1795254480000 } from './1795254480000-gateway.js';
import { Protection1795254720000 } from './1795254720000-protection.js';
import { SessionSlots1795254780000 } from './1795254780000-session-slots.js';
import { ConnectionSettings1795255200000 } from './1795255200000-connection-settings.js';
import { FieldRules1795255260000 } from './1795255260000-field-rules.js';
import { Budgets1795255620000 } from './1795255620000-budgets.js';
import { SingleUses1795255680000 } from './1795255680000-single-uses.js';
import { RecordedUses1795255860000 } from './1795255860000-recorded-uses.js';
import { ShownKeys1795255876000 } from './1795255876000-shown-keys.js';

/** In order of their timestamps. A migration that has been released is never edited; the next one corrects it. */
export const migrations = [
  Foundation1795254000000,
  Identity1795254060000,
  Policies1795254120000,
  Reviews1795254180000,
  Agents1795254240000,
  Evidence1795254300000,
  Recording1795254360000,
  Sessions1795254420000,
  Gateway1795254480000,
  AgentKeys1795254540000,
  LogKeys1795254600000,
  SelfChecks1795254660000,
  Protection1795254720000,
  SessionSlots1795254780000,
  ConnectionSettings1795255200000,
  FieldRules1795255260000,
  AiSessions1795255500000,
  Turns1795255560000,
  TicketCalls1795255590000,
  Budgets1795255620000,
  SingleUses1795255680000,
  OperationTurns1795255740000,
  HeardMessages1795255800000,
  RecordedUses1795255860000,
  OperationFlags1795255870000,
  KeyParents1795255872000,
  ErasedTexts1795255874000,
  ShownKeys1795255876000,
];

import { Injectable } from '@nestjs/common';
import type { RandomBytes, SessionId } from '@sallyport/core';
import { Clock, Ids, Random } from '../../platform/index.js';
import { AgentKeys } from '../agents/agent-keys.js';
import { EntrySealer } from '../evidence/entry-sealer.js';
import { LogIdentity } from '../evidence/log-identity.js';
import { ChunkStore } from './chunk-store.js';
import { Journal } from './journal.js';
import { RecordedSession } from './recorded-session.js';
import { Recorder, type SessionRecorder } from './recorder.js';
import { ReplicaRegistry } from './replica-registry.js';
import { SessionCloser } from './session-closer.js';

/** What every recorded session on this replica shares; the Recorder of the gateway. */
@Injectable()
export class RecordingHouse extends Recorder {
  readonly random: RandomBytes;

  constructor(
    readonly sealer: EntrySealer,
    readonly log: LogIdentity,
    readonly journal: Journal,
    readonly chunks: ChunkStore,
    readonly agents: AgentKeys,
    readonly replica: ReplicaRegistry,
    readonly closer: SessionCloser,
    readonly ids: Ids,
    readonly clock: Clock,
    random: Random,
  ) {
    super();
    this.random = (size) => random.bytes(size);
  }

  session(id: SessionId): SessionRecorder {
    return new RecordedSession(id, this);
  }
}

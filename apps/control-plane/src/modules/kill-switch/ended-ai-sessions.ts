import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { GatewayError, type PersonId, type TurnContext } from '@sallyport/core';
import { DataSource } from 'typeorm';
import { Notifications, rowOf, rowsOf } from '../../platform/index.js';
import { unnamedClient } from '../ai-sessions/ai-session-rows.js';

/** Channel of AI sessions that were ended for good: `{ person, client, session }`, the client's ids. */
export const aiSessionKilled = 'ai_session_killed';

/** One AI session as clients name it. */
export interface NamedAiSession {
  readonly person: PersonId;
  readonly client: string;
  readonly session: string;
}

/** @returns undefined where no AI session is named */
export const namedAiSession = (person: PersonId, { client, aiSession }: TurnContext): NamedAiSession | undefined =>
  aiSession === undefined ? undefined : { person, client: client ?? unnamedClient, session: aiSession };

interface Known {
  readonly named: NamedAiSession;
  ended: boolean;
  /** Has the database been asked since this was made? */
  read: boolean;
}

/** AI sessions that are remembered, the ones used last. */
const mostKnown = 10_000;

const keyOf = ({ person, client, session }: NamedAiSession): string => JSON.stringify([person, client, session]);

/**
 * Which of the AI sessions that this replica serves were ended for good, without asking the database for each operation:
 * read once, then heard. Nobody can take it back, so what is known as ended stays so.
 */
@Injectable()
export class EndedAiSessions implements OnApplicationBootstrap {
  private readonly known = new Map<string, Known>();
  private readonly reading = new Map<string, Promise<void>>();
  private readonly listeners = new Set<(ended: NamedAiSession) => void>();

  constructor(
    private readonly database: DataSource,
    private readonly notifications: Notifications,
  ) {}

  onApplicationBootstrap(): void {
    this.notifications.subscribe(
      aiSessionKilled,
      (payload) => this.end(payload as NamedAiSession),
      () => this.readAgain(),
    );
  }

  /** Told of each that is ended while this replica runs, by whichever replica. */
  onEnded(listener: (ended: NamedAiSession) => void): void {
    this.listeners.add(listener);
  }

  /** @returns undefined where it must be read first */
  has(named: NamedAiSession): boolean | undefined {
    const key = keyOf(named);
    const known = this.known.get(key);
    if (known?.read !== true) return known?.ended === true ? true : undefined;
    this.known.delete(key);
    this.known.set(key, known);
    return known.ended;
  }

  /** @throws GatewayError POLICY_UNAVAILABLE */
  read(named: NamedAiSession): Promise<void> {
    if (this.has(named) !== undefined) return Promise.resolve();
    const key = keyOf(named);
    const reading = this.reading.get(key) ?? this.ask(named).finally(() => this.reading.delete(key));
    this.reading.set(key, reading);
    return reading;
  }

  // INVARIANT: it is known of before the database is asked, so that what is told meanwhile is not lost.
  private async ask(named: NamedAiSession): Promise<void> {
    const known = this.knownOf(named);
    try {
      const ended = await rowOf(
        this.database,
        'select from ai_sessions where person_id = $1 and client = $2 and client_session = $3 and killed_at is not null',
        [named.person, named.client, named.session],
      );
      known.ended ||= ended !== undefined;
      known.read = true;
    } catch (cause) {
      throw new GatewayError('POLICY_UNAVAILABLE', 'whether this AI session may go on cannot be read right now', {
        cause,
        hint: 'try again in a minute',
      });
    }
  }

  private knownOf(named: NamedAiSession): Known {
    const key = keyOf(named);
    const known = this.known.get(key);
    if (known !== undefined) return known;
    if (this.known.size >= mostKnown) this.forgetOne();
    const made = { named, ended: false, read: false };
    this.known.set(key, made);
    return made;
  }

  /** What is forgotten is read again when it is asked for. */
  private forgetOne(): void {
    for (const key of this.known.keys())
      if (!this.reading.has(key)) {
        this.known.delete(key);
        return;
      }
  }

  private end(named: NamedAiSession): void {
    this.knownOf(named).ended = true;
    for (const listener of this.listeners) listener(named);
  }

  /** One may have been ended while nobody listened. */
  private async readAgain(): Promise<void> {
    const people = [...new Set([...this.known.values()].map(({ named }) => named.person))];
    const ended = await rowsOf<NamedAiSession>(
      this.database,
      `select person_id as person, client, client_session as session from ai_sessions
       where killed_at is not null and person_id = any ($1::uuid[])`,
      [people],
    );
    for (const named of ended) if (this.known.get(keyOf(named))?.ended === false) this.end(named);
  }
}

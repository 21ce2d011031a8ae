import { Injectable } from '@nestjs/common';
import { GatewayError, type OperationId } from '@sallyport/core';
import { DataSource } from 'typeorm';
import { Clock, Ids, preparedRowOf, rowOf, type Sql } from '../../platform/index.js';
import { EntrySealer } from '../evidence/entry-sealer.js';
import { AiSessions, unrecorded } from './ai-sessions.service.js';
import { type Heard, type Hearing, hear, type KnownSession, knownAfter } from './hearing.js';
import { KnownSessions, type Sought } from './known-sessions.js';
import { isNotification, notifiedOf } from './notification.js';
import { originOf } from './origin.js';
import { keptText, messageContext, type PersonalText, PersonalTexts } from './personal-texts.js';
import { type NewMessage, promptedEvent } from './prompted-event.js';
import type { Speaker } from './scene.js';
import { fingerprintOf } from './turn-messages.service.js';

export interface HeardMessage {
  readonly text: string;
  readonly isNotification: boolean;
  readonly clientTurn?: string;
  /** The request to the model that it came in. */
  readonly request?: OperationId;
}

/** The turn that a message belongs to. */
export interface HeardTurn {
  readonly id: string;
  readonly clientTurn: string;
  readonly named: boolean;
}

/** A message on its way to its place. */
interface Attempt {
  readonly speaker: Speaker;
  readonly sought: Sought;
  readonly heard: Omit<Heard, 'parent'>;
  readonly bytes: number;
  readonly personal: PersonalText;
}

/** How often others may tell of the session meanwhile, before everybody else has to wait. */
const attempts = 4;

/**
 * Messages of the user's side as model traffic shows them. The model's answer waits for them: so what is known of the
 * session is not locked and read anew, but told to the statement that writes, which does nothing where it is not true.
 */
@Injectable()
export class HeardMessages {
  constructor(
    private readonly database: DataSource,
    private readonly sessions: AiSessions,
    private readonly known: KnownSessions,
    private readonly texts: PersonalTexts,
    private readonly sealer: EntrySealer,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** Durable when it resolves. @throws GatewayError RECORDING_UNAVAILABLE, SESSION_ENDED */
  async hear(speaker: Speaker, message: HeardMessage): Promise<HeardTurn> {
    try {
      const attempt = await this.attempt(speaker, message);
      const recalled = this.known.recall(speaker, attempt.sought);
      const heard = recalled && (await this.write(this.database, attempt, { session: recalled }));
      return heard ?? (await this.readAndWrite(attempt));
    } catch (error) {
      this.known.forget(speaker);
      throw error instanceof GatewayError ? error : unrecorded(error);
    }
  }

  private async readAndWrite(attempt: Attempt): Promise<HeardTurn> {
    const { speaker } = attempt;
    for (let left = attempts; left > 0; left -= 1) {
      const heard = await this.onceWith(this.database, attempt);
      if (heard !== undefined) return heard;
    }
    const heard = await this.sessions.enter(speaker, ({ tx }) => this.onceWith(tx, attempt));
    return heard!; // nobody else could tell anything
  }

  private async onceWith(sql: Sql, attempt: Attempt): Promise<HeardTurn | undefined> {
    const { speaker, sought, personal } = attempt;
    return this.write(sql, attempt, await this.known.read(speaker, sought, personal, sql));
  }

  private async attempt(speaker: Speaker, message: HeardMessage): Promise<Attempt> {
    const { text: whole, clientTurn, request } = message;
    const personal = await this.texts.of(speaker.identity.id);
    const notified = message.isNotification || isNotification(whole);
    const toolUse = notified ? notifiedOf(whole) : undefined;
    const kept = keptText(whole);
    const named = clientTurn === undefined ? {} : { clientTurn };
    return {
      speaker,
      personal,
      bytes: kept.bytes,
      sought: { ...named, ...(toolUse === undefined ? {} : { toolUse }) },
      heard: {
        at: this.clock.now(),
        text: kept.text,
        hmac: fingerprintOf({ personal }, whole, kept),
        origin: originOf(speaker.identity, notified),
        ...named,
        ...(request === undefined ? {} : { request }),
      },
    };
  }

  /** @returns undefined where something else has been told of the session since it was known so */
  private async write(
    sql: Sql,
    attempt: Attempt,
    { session, parent }: { readonly session?: KnownSession; readonly parent?: string },
  ): Promise<HeardTurn | undefined> {
    const { speaker } = attempt;
    const hearing = hear(session, { ...attempt.heard, ...(parent === undefined ? {} : { parent }) }, this.ids.next());
    const id = session?.id ?? this.ids.next<string>();
    const parameters = [
      ...sessionParameters(id, session?.version, attempt),
      ...turnParameters(hearing, attempt),
      ...(await this.messageParameters(id, hearing, attempt)),
    ];
    const row =
      sql === this.database
        ? await preparedRowOf<Written>(this.database, statement, parameters)
        : await rowOf<Written>(sql, statement.text, parameters);
    const version = row?.version ?? undefined;
    if (version === undefined) this.known.forget(speaker);
    else if (sql === this.database)
      this.known.remember(speaker, knownAfter({ id, version }, hearing, session?.nextName));
    return version === undefined ? undefined : hearing.turn;
  }

  private async messageParameters(
    aiSession: string,
    { turn, message }: Hearing,
    { speaker, heard, bytes, personal }: Attempt,
  ): Promise<readonly unknown[]> {
    if (message === undefined) return noMessage;
    const { identity, client, clientSession } = speaker;
    const { text, hmac } = heard;
    const sealed = personal.seal(messageContext(turn.id, message.seq), text);
    const told: NewMessage = {
      ...message,
      source: 'model',
      text,
      bytes,
      hmac,
      turn: { id: turn.id, client_turn: turn.clientTurn, parent_turn_id: turn.parent },
    };
    const named = { aiSession, person: identity.id, client, clientSession };
    const entry = await this.sealer.seal(promptedEvent(named, told, personal.isErased));
    return [
      ...[message.seq, message.kind, sealed, bytes, hmac, message.expands],
      ...[entry.event, entry.at, entry.envelope, entry.nonce, entry.bodyDigest, entry.body, entry.keyId],
    ];
  }
}

const parameterCount = 28;
const statement = {
  name: 'ai-sessions-hear',
  text: `select ai_sessions_hear(${Array.from({ length: parameterCount }, (_, index) => `$${index + 1}`).join(', ')}) as version`,
};

interface Written {
  readonly version: string | null;
}

/** In the order of the function's parameters, like the two below. */
const sessionParameters = (id: string, version: string | undefined, { speaker, heard }: Attempt): unknown[] => [
  id,
  version ?? null,
  speaker.identity.id,
  speaker.client,
  speaker.clientSession,
  heard.at,
];

const turnParameters = ({ turn, begins, reopens, confirms }: Hearing, { heard }: Attempt): unknown[] => [
  turn.id,
  begins,
  turn.clientTurn,
  turn.named,
  heard.origin,
  turn.parent,
  reopens,
  heard.request ?? null,
  confirms,
];

const noMessage: readonly null[] = Array.from({ length: 13 }, () => null);

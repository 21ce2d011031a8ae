import { Injectable } from '@nestjs/common';
import { GatewayError, type Identity, type PersonId } from '@sallyport/core';
import { DataSource } from 'typeorm';
import { Clock, Configuration, Ids, Notifications, rowOf, rowsOf, type Sql } from '../../platform/index.js';
import { EvidenceWriter } from '../evidence/evidence-writer.js';
import { actorOf } from '../people/actor.js';
import { identityOf, type Person } from '../people/person.js';
import type { Grant, GrantsEnd, Login } from './grant.js';
import { PersonRecords } from './person-records.js';

/** Channel of ended grants: `{ grantId }`. */
export const grantEnded = 'grant_ended';

const expired = 'expired';

export interface LiveGrant {
  readonly grantId: string;
  readonly identity: Identity;
  readonly expiresAt: Date;
}

const ended = (reason: string): GatewayError =>
  new GatewayError('GRANT_ENDED', 'this login has ended', {
    hint: 'log in again: "sallyport login"',
    details: { reason },
  });

/** Login grants: what every ticket and session rests on. Made at the first use of a login, they expire and can be ended. */
@Injectable()
export class GrantsService {
  constructor(
    private readonly database: DataSource,
    private readonly people: PersonRecords,
    private readonly evidence: EvidenceWriter,
    private readonly notifications: Notifications,
    private readonly configuration: Configuration,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** The grant of a login, made if this is its first use. @throws GatewayError GRANT_ENDED, FORBIDDEN (disabled) */
  async open(login: Login): Promise<LiveGrant> {
    const known = await this.latest(this.database, login.key);
    if (known !== undefined && this.isLive(known)) {
      const { person, groups } = await this.people.recognise(this.database, login);
      await this.keepGroups(known, groups);
      return this.live(person, { ...known, groups });
    }
    return this.database.transaction(async (tx) => {
      await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [login.key]); // two first uses make one grant
      const { person, groups } = await this.people.recognise(tx, login);
      return this.live(person, await this.continueOrStart(tx, login, person, groups));
    });
  }

  /**
   * Asked every five minutes by each session, and by every use of a ticket.
   * @param personId whose grant it is, where that is known: spares to wait for the grant before looking them up
   * @throws GatewayError GRANT_ENDED when the login expired, was ended, or its person was disabled
   */
  async check(grantId: string, sql: Sql = this.database, personId?: PersonId): Promise<LiveGrant> {
    const [grant, known] = await Promise.all([
      rowOf<Grant>(sql, 'select * from login_grants where id = $1', [grantId]),
      personId === undefined ? undefined : this.people.withGroups(sql, personId),
    ]);
    if (grant === undefined || !this.isLive(grant)) throw ended(grant?.end_reason ?? expired);
    const person = personId === grant.person_id ? known : await this.people.withGroups(sql, grant.person_id);
    if (person === undefined || person.disabled_at !== null) throw ended('the account was disabled');
    return this.live(person, { ...grant, groups: person.account_groups ?? grant.groups });
  }

  /** Ends every open grant of a person; sessions on every replica hear when `tx` commits. @returns how many */
  async endAll(tx: Sql, { person, by, reason }: GrantsEnd): Promise<number> {
    const grants = await rowsOf<{ id: string }>(
      tx,
      'update login_grants set ended_at = $2, end_reason = $3 where person_id = $1 and ended_at is null returning id',
      [person, this.clock.now(), reason],
    );
    await this.evidence.append(tx, { event: 'grants.ended', body: { person, by, reason } });
    for (const { id } of grants) await this.notifications.publish(tx, grantEnded, { grantId: id });
    return grants.length;
  }

  /** Logging out: ends one grant of the caller's own. */
  async end(grantId: string, by: Identity): Promise<void> {
    await this.database.transaction(async (tx) => {
      const [grant] = await rowsOf<{ id: string }>(
        tx,
        `update login_grants set ended_at = $3, end_reason = 'logged out' where id = $1 and person_id = $2 and ended_at is null returning id`,
        [grantId, by.id, this.clock.now()],
      );
      if (grant === undefined) return;
      await this.evidence.append(tx, {
        event: 'grants.ended',
        body: { person: by.id, by: actorOf(by), reason: 'logged out' },
      });
      await this.notifications.publish(tx, grantEnded, { grantId });
    });
  }

  private isLive({ ended_at, expires_at }: Grant): boolean {
    return ended_at === null && expires_at > this.clock.now();
  }

  private latest(sql: Sql, key: string): Promise<Grant | undefined> {
    return rowOf<Grant>(
      sql,
      'select * from login_grants where login_key = $1 order by started_at desc, id desc limit 1',
      [key],
    );
  }

  private async continueOrStart(tx: Sql, login: Login, person: Person, groups: readonly string[]): Promise<Grant> {
    const last = await this.latest(tx, login.key);
    if (last !== undefined && this.isLive(last)) return last;
    if (last !== undefined) await this.refuseOldLogin(tx, login, last);
    return this.start(tx, login, person, groups);
  }

  private async refuseOldLogin(tx: Sql, login: Login, last: Grant): Promise<void> {
    const end = last.ended_at ?? last.expires_at;
    const wasEnded = last.end_reason !== null && last.end_reason !== expired;
    if (
      login.repeatable === 'never' ||
      (login.repeatable === 'after-expiry' && wasEnded) ||
      login.authenticatedAt <= end
    )
      throw ended(last.end_reason ?? expired);
    await tx.query(
      'update login_grants set ended_at = expires_at, end_reason = $2 where id = $1 and ended_at is null',
      [last.id, expired],
    );
  }

  private async start(tx: Sql, login: Login, person: Person, groups: readonly string[]): Promise<Grant> {
    const now = this.clock.now();
    const grant = await rowOf<Grant>(
      tx,
      `insert into login_grants (id, person_id, login_key, method, groups, started_at, expires_at)
       values ($1, $2, $3, $4, $5, $6, $7) returning *`,
      [
        this.ids.next<string>(),
        person.id,
        login.key,
        login.method,
        groups,
        now,
        new Date(now.getTime() + this.configuration.grantMs),
      ],
    );
    await this.evidence.append(tx, {
      event: 'login.accepted',
      body: {
        identity: actorOf(person),
        issuer: person.issuer,
        method: login.method === 'cookie' ? 'browser' : login.method,
        ...(login.address === undefined ? {} : { address: login.address }),
      },
    });
    return grant!;
  }

  private async keepGroups(grant: Grant, groups: readonly string[]): Promise<void> {
    if (JSON.stringify(grant.groups) === JSON.stringify(groups)) return;
    await this.database.query('update login_grants set groups = $2 where id = $1', [grant.id, groups]);
  }

  private live(person: Person, grant: Grant): LiveGrant {
    return {
      grantId: grant.id,
      identity: identityOf(person, grant.groups, this.configuration.roleGroups),
      expiresAt: grant.expires_at,
    };
  }
}

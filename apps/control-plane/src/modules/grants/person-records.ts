import { Injectable } from '@nestjs/common';
import { GatewayError, type PersonId } from '@sallyport/core';
import { Clock, Ids, rowOf, type Sql } from '../../platform/index.js';
import { EvidenceWriter } from '../evidence/evidence-writer.js';
import { actorOf } from '../people/actor.js';
import type { Person, PersonClaims } from '../people/person.js';
import type { Login } from './grant.js';

/** A person with the groups that a service account has here; null for people, whose groups come with their login. */
export type PersonWithGroups = Person & { readonly account_groups: readonly string[] | null };

export interface Recognised {
  readonly person: Person;
  readonly groups: readonly string[];
}

const seenAgainMs = 60_000;

/** The rows behind a login: found, or made when the issuer names somebody for the first time. */
@Injectable()
export class PersonRecords {
  constructor(
    private readonly evidence: EvidenceWriter,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** @throws GatewayError FORBIDDEN when the person is disabled, UNAUTHENTICATED when the service account is gone */
  async recognise(sql: Sql, { who }: Login): Promise<Recognised> {
    const { person, groups } =
      'serviceAccount' in who ? await this.account(sql, who.serviceAccount) : await this.human(sql, who);
    if (person.disabled_at !== null)
      throw new GatewayError('FORBIDDEN', 'this account is disabled', { hint: 'ask an administrator' });
    return { person, groups };
  }

  withGroups(sql: Sql, id: PersonId): Promise<PersonWithGroups | undefined> {
    return rowOf<PersonWithGroups>(
      sql,
      `select p.*, a.groups as account_groups from people p left join service_accounts a on a.id = p.id
       where p.id = $1 and a.deleted_at is null`,
      [id],
    );
  }

  private async account(sql: Sql, id: PersonId): Promise<Recognised> {
    const person = await this.withGroups(sql, id);
    if (person === undefined) throw new GatewayError('UNAUTHENTICATED', 'the credential is not valid');
    await this.seen(sql, person);
    return { person, groups: person.account_groups ?? [] };
  }

  private async human(sql: Sql, claims: PersonClaims): Promise<Recognised> {
    const known = await this.bySubject(sql, claims.issuer, claims.subject);
    const person = known === undefined ? await this.make(sql, claims) : await this.update(sql, known, claims);
    return { person, groups: claims.groups };
  }

  private async make(
    sql: Sql,
    { issuer, subject, name = subject, email, emailVerified = false }: PersonClaims,
  ): Promise<Person> {
    const made = await rowOf<Person>(
      sql,
      `insert into people (id, issuer, subject, class, name, email, email_verified, created_at, last_seen_at)
       values ($1, $2, $3, 'person', $4, $5, $6, $7, $7) on conflict (issuer, subject) do nothing returning *`,
      [this.ids.next<PersonId>(), issuer, subject, name, email ?? null, emailVerified, this.clock.now()],
    );
    if (made === undefined) return (await this.bySubject(sql, issuer, subject))!;
    const body = { id: made.id, name, by: actorOf(made), after: { issuer, subject } };
    await this.evidence.append(sql, { event: 'person.created', body });
    return made;
  }

  // A token that says nothing about the name or the address (scopes differ) takes nothing away.
  private async update(sql: Sql, known: Person, claims: PersonClaims): Promise<Person> {
    const { name = known.name, email = known.email } = claims;
    const verified = claims.email === undefined ? known.email_verified : (claims.emailVerified ?? false);
    if (known.name === name && known.email === email && known.email_verified === verified) {
      await this.seen(sql, known);
      return known;
    }
    const updated = await rowOf<Person>(
      sql,
      'update people set name = $2, email = $3, email_verified = $4, last_seen_at = $5 where id = $1 returning *',
      [known.id, name, email, verified, this.clock.now()],
    );
    return updated!;
  }

  private bySubject(sql: Sql, issuer: string, subject: string): Promise<Person | undefined> {
    return rowOf<Person>(sql, 'select * from people where issuer = $1 and subject = $2', [issuer, subject]);
  }

  private async seen(sql: Sql, { id, last_seen_at }: Person): Promise<void> {
    const now = this.clock.now();
    if (now.getTime() - last_seen_at.getTime() > seenAgainMs)
      await sql.query('update people set last_seen_at = $2 where id = $1', [id, now]);
  }
}

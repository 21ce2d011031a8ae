import { Injectable } from '@nestjs/common';
import { GatewayError, type Identity, type PersonId } from '@sallyport/core';
import { DataSource, type EntityManager } from 'typeorm';
import {
  afterOf,
  Clock,
  idCursor,
  type Page,
  type PageQuery,
  pageOf,
  rowOf,
  rowsOf,
  type Sql,
} from '../../platform/index.js';
import { EvidenceWriter } from '../evidence/evidence-writer.js';
import { GrantsService } from '../grants/grants.service.js';
import { actorOf } from './actor.js';
import type { UpdatePersonBody } from './people.dto.js';
import type { Person } from './person.js';
import { type PersonView, viewOf } from './person-view.js';

@Injectable()
export class PeopleService {
  constructor(
    private readonly database: DataSource,
    private readonly grants: GrantsService,
    private readonly evidence: EvidenceWriter,
    private readonly clock: Clock,
  ) {}

  async list(query: PageQuery): Promise<Page<PersonView>> {
    const rows = await rowsOf<Person>(
      this.database,
      `select * from people where ($1::uuid is null or id > $1) order by id limit $2`,
      [idCursor(afterOf(query)), query.limit + 1],
    );
    return pageOf(rows, query, ({ id }) => id, viewOf);
  }

  async find(id: PersonId, sql: Sql = this.database): Promise<Person | undefined> {
    return rowOf<Person>(sql, 'select * from people where id = $1', [id]);
  }

  /**
   * Every identity that is the same human being as this one: accounts with the same verified e-mail address, the
   * service accounts that any of them owns, and the owner of a service account. Includes `id` itself.
   */
  async aliasesOf(id: PersonId, sql: Sql = this.database): Promise<readonly PersonId[]> {
    const rows = await rowsOf<{ id: PersonId }>(
      sql,
      `with recursive owner as (
         select coalesce((select owner_id from service_accounts where id = $1), $1) as id
       ), human as (
         select p.id from people p, people o, owner
         where o.id = owner.id
           and (p.id = o.id or (p.email_verified and o.email_verified and lower(p.email) = lower(o.email)))
       )
       select id from human
       union select a.id from service_accounts a join human h on a.owner_id = h.id
       union select $1::uuid`,
      [id],
    );
    return rows.map((row) => row.id);
  }

  /** Whether two identities are one human being, as far as can be known: nobody settles what they asked for. */
  async samePerson(a: PersonId, b: PersonId, sql: Sql = this.database): Promise<boolean> {
    return a === b || (await this.aliasesOf(a, sql)).includes(b);
  }

  async update(by: Identity, id: PersonId, { disabled, roles }: UpdatePersonBody): Promise<PersonView> {
    return this.database.transaction(async (tx) => {
      const before = await this.lock(tx, id);
      if (id === by.id)
        throw new GatewayError('FORBIDDEN', 'you may not change your own account', {
          hint: 'ask another administrator',
        });
      if (before.class !== 'person')
        throw new GatewayError('CONFLICT', 'this is a service account', {
          hint: 'change it under /v1/service-accounts',
        });
      const after = (await rowOf<Person>(
        tx,
        'update people set roles = $2, disabled_at = $3 where id = $1 returning *',
        [
          id,
          roles ?? before.roles,
          disabled === undefined ? before.disabled_at : disabled ? (before.disabled_at ?? this.clock.now()) : null,
        ],
      ))!;
      await this.evidence.append(tx, {
        event: 'person.updated',
        body: { id, name: after.name, by: actorOf(by), before: changing(before), after: changing(after) },
      });
      if (after.disabled_at !== null && before.disabled_at === null)
        await this.grants.endAll(tx, { person: id, by: actorOf(by), reason: 'the account was disabled' });
      return viewOf(after);
    });
  }

  /** Ends every login: sessions end at once, and the person must log in again. */
  async endGrants(by: Identity, id: PersonId): Promise<void> {
    await this.database.transaction(async (tx) => {
      await this.lock(tx, id);
      await this.grants.endAll(tx, { person: id, by: actorOf(by), reason: 'an administrator ended it' });
    });
  }

  private async lock(tx: EntityManager, id: PersonId): Promise<Person> {
    const person = await rowOf<Person>(tx, 'select * from people where id = $1 for update', [id]);
    if (person === undefined) throw new GatewayError('NOT_FOUND', 'there is no such person');
    return person;
  }
}

const changing = ({ roles, disabled_at }: Person) => ({ roles, disabled: disabled_at !== null });

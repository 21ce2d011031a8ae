import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { GatewayError, type Identity, type PersonId, type Role } from '@sallyport/core';
import { DataSource, QueryFailedError } from 'typeorm';
import {
  afterOf,
  Clock,
  Ids,
  idCursor,
  type Page,
  type PageQuery,
  pageOf,
  Random,
  rowOf,
  rowsOf,
  type Sql,
} from '../../platform/index.js';
import { EvidenceWriter } from '../evidence/evidence-writer.js';
import { GrantsService } from '../grants/grants.service.js';
import { actorOf } from '../people/actor.js';
import { missingRoles, recordOf, type ServiceAccount, type ServiceAccountView, viewOf } from './service-account.js';
import type { CreateServiceAccountBody, UpdateServiceAccountBody } from './service-accounts.dto.js';

export const secretPrefix = 'sps_';
export const secretHash = (secret: string): string => createHash('sha256').update(secret).digest('hex');

const selected = `select a.*, p.class, p.roles, p.disabled_at, p.created_at, p.last_seen_at
  from service_accounts a join people p on p.id = a.id where a.deleted_at is null`;

/** Machines and AI clients: identities that no person logs in as. */
@Injectable()
export class ServiceAccountsService {
  constructor(
    private readonly database: DataSource,
    private readonly grants: GrantsService,
    private readonly evidence: EvidenceWriter,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly random: Random,
  ) {}

  async list(query: PageQuery): Promise<Page<ServiceAccountView>> {
    const rows = await rowsOf<ServiceAccount>(
      this.database,
      `${selected} and ($1::uuid is null or a.id > $1) order by a.id limit $2`,
      [idCursor(afterOf(query)), query.limit + 1],
    );
    return pageOf(rows, query, ({ id }) => id, viewOf);
  }

  /** By the secret that it shows. */
  bySecret(secret: string): Promise<ServiceAccount | undefined> {
    return rowOf<ServiceAccount>(this.database, `${selected} and a.secret_hash = $1`, [secretHash(secret)]);
  }

  /** By the subject of the issuer's client-credentials token. */
  byClientSubject(subject: string): Promise<ServiceAccount | undefined> {
    return rowOf<ServiceAccount>(this.database, `${selected} and a.client_subject = $1`, [subject]);
  }

  async create(by: Identity, body: CreateServiceAccountBody): Promise<ServiceAccountView> {
    const roles = body.roles ?? [];
    refuseRoles(by, roles, body.class);
    return this.database.transaction(async (tx) => {
      const id = this.ids.next<PersonId>();
      const now = this.clock.now();
      await unique(
        tx.query(
          `insert into people (id, issuer, subject, class, name, roles, created_at, last_seen_at) values ($1, 'sallyport', $2, $3, $2, $4, $5, $5)`,
          [id, body.name, body.class, roles, now],
        ),
      );
      await unique(
        tx.query(
          'insert into service_accounts (id, name, description, groups, owner_id, client_subject) values ($1, $2, $3, $4, $5, $6)',
          [id, body.name, body.description ?? '', body.groups ?? [], by.id, body.client_subject ?? null],
        ),
      );
      const made = await this.locked(tx, id);
      await this.evidence.append(tx, {
        event: 'service-account.created',
        body: { id, name: made.name, by: actorOf(by), after: recordOf(made) },
      });
      return viewOf(made);
    });
  }

  async update(by: Identity, id: PersonId, body: UpdateServiceAccountBody): Promise<ServiceAccountView> {
    return this.database.transaction(async (tx) => {
      const before = await this.locked(tx, id);
      refuseRoles(by, body.roles ?? [], before.class);
      const disabledAt =
        body.disabled === undefined
          ? before.disabled_at
          : body.disabled
            ? (before.disabled_at ?? this.clock.now())
            : null;
      await tx.query('update people set roles = $2, disabled_at = $3 where id = $1', [
        id,
        body.roles ?? before.roles,
        disabledAt,
      ]);
      await unique(
        tx.query('update service_accounts set description = $2, groups = $3, client_subject = $4 where id = $1', [
          id,
          body.description ?? before.description,
          body.groups ?? before.groups,
          body.client_subject ?? before.client_subject,
        ]),
      );
      const after = await this.locked(tx, id);
      await this.evidence.append(tx, {
        event: 'service-account.updated',
        body: { id, name: after.name, by: actorOf(by), before: recordOf(before), after: recordOf(after) },
      });
      if (after.disabled_at !== null && before.disabled_at === null)
        await this.endGrants(tx, by, id, 'the account was disabled');
      return viewOf(after);
    });
  }

  /** Its name stays taken: the record speaks of it. */
  async remove(by: Identity, id: PersonId): Promise<void> {
    await this.database.transaction(async (tx) => {
      const before = await this.locked(tx, id);
      const now = this.clock.now();
      await tx.query(
        'update service_accounts set deleted_at = $2, secret_hash = null, client_subject = null where id = $1',
        [id, now],
      );
      await tx.query('update people set disabled_at = $2 where id = $1', [id, now]);
      await this.evidence.append(tx, {
        event: 'service-account.deleted',
        body: { id, name: before.name, by: actorOf(by), before: recordOf(before) },
      });
      await this.endGrants(tx, by, id, 'the account was deleted');
    });
  }

  /** A new secret, shown once; the old one and every login by it end at once. */
  async rotate(by: Identity, id: PersonId): Promise<{ readonly id: string; readonly secret: string }> {
    return this.database.transaction(async (tx) => {
      const account = await this.locked(tx, id);
      const secret = secretPrefix + Buffer.from(this.random.bytes(32)).toString('base64url');
      await tx.query('update service_accounts set secret_hash = $2, secret_made_at = $3 where id = $1', [
        id,
        secretHash(secret),
        this.clock.now(),
      ]);
      await this.evidence.append(tx, {
        event: 'service-account.rotated',
        body: { id, name: account.name, by: actorOf(by) },
      });
      await this.endGrants(tx, by, id, 'its secret was replaced');
      return { id, secret };
    });
  }

  private async endGrants(tx: Sql, by: Identity, person: PersonId, reason: string): Promise<void> {
    await this.grants.endAll(tx, { person, by: actorOf(by), reason });
  }

  private async locked(tx: Sql, id: PersonId): Promise<ServiceAccount> {
    const account = await rowOf<ServiceAccount>(tx, `${selected} and a.id = $1 for update`, [id]);
    if (account === undefined) throw new GatewayError('NOT_FOUND', 'there is no such service account');
    return account;
  }
}

function refuseRoles(by: Identity, wanted: readonly Role[], kind: 'machine' | 'ai'): void {
  const [role] = missingRoles(wanted, by.roles, kind);
  if (role !== undefined)
    throw new GatewayError(
      'FORBIDDEN',
      `a service account of class "${kind}" may not be given the role "${role}" by you`,
    );
}

const taken: Readonly<Record<string, string>> = {
  people_issuer_subject_key: 'there is or was a service account of this name',
  service_accounts_name_key: 'there is or was a service account of this name',
  service_accounts_client_subject_key: 'another service account is logged in by this client subject',
};

async function unique(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    const { constraint } = (error instanceof QueryFailedError ? error.driverError : {}) as { constraint?: string };
    const message = constraint === undefined ? undefined : taken[constraint];
    throw message === undefined ? error : new GatewayError('CONFLICT', message, { cause: error });
  }
}

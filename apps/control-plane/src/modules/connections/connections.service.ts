import { Injectable } from '@nestjs/common';
import { type ConnectionId, GatewayError, type Identity } from '@sallyport/core';
import { DataSource } from 'typeorm';
import {
  afterOf,
  Clock,
  Ids,
  may,
  Notifications,
  type Page,
  type PageQuery,
  pageOf,
  rowOf,
  rowsOf,
  type Sql,
} from '../../platform/index.js';
import { EvidenceWriter } from '../evidence/evidence-writer.js';
import { actorOf } from '../people/actor.js';
import {
  type Connection,
  type ConnectionRow,
  type ConnectionView,
  connectionOf,
  recordOf,
  viewOf,
} from './connection.js';
import { ConnectionProtection } from './connection-protection.js';
import { assertDatabases, settingsOf } from './connection-settings.js';
import { ConnectionVisibility } from './connection-visibility.js';
import type { CreateConnectionBody, UpdateConnectionBody } from './connections.dto.js';
import { briefly, inFull } from './protection-view.js';

/** Channel of changed and deleted connections: `{ connectionId, version, deleted }`. */
export const connectionChanged = 'connection_changed';

const live = 'select * from connections where deleted_at is null';

/** The same for what does not exist and for what the caller may not see. */
export const connectionNotFound = (name: string): GatewayError =>
  new GatewayError('CONNECTION_NOT_FOUND', `there is no connection "${name}" for you`, {
    hint: '"sallyport connections" lists those that you may use',
  });

@Injectable()
export class ConnectionsService {
  constructor(
    private readonly database: DataSource,
    private readonly visibility: ConnectionVisibility,
    private readonly protection: ConnectionProtection,
    private readonly evidence: EvidenceWriter,
    private readonly notifications: Notifications,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** By name, whoever asks: for the gateway, which decides at connect. */
  async find(name: string, sql: Sql = this.database): Promise<Connection | undefined> {
    const row = await this.row(sql, name);
    return row && connectionOf(row);
  }

  async findById(id: ConnectionId, sql: Sql = this.database): Promise<Connection | undefined> {
    const row = await rowOf<ConnectionRow>(sql, `${live} and id = $1`, [id]);
    return row && connectionOf(row);
  }

  /** @throws GatewayError CONNECTION_NOT_FOUND also when the caller may not see it */
  async visible(caller: Identity, name: string): Promise<ConnectionRow> {
    const row = await this.row(this.database, name);
    if (row === undefined || !this.sees(caller, row)) throw connectionNotFound(name);
    return row;
  }

  /** By name; of those that are named, the ones that the caller may see. */
  async allVisible(caller: Identity, names?: readonly string[]): Promise<ConnectionRow[]> {
    const rows = await rowsOf<ConnectionRow>(
      this.database,
      `${live} and ($1::text[] is null or name = any ($1)) order by name`,
      [names ?? null],
    );
    return rows.filter((row) => this.visibility.visible(caller, connectionOf(row)));
  }

  async list(caller: Identity, query: PageQuery): Promise<Page<ConnectionView>> {
    const rows = await rowsOf<ConnectionRow>(this.database, `${live} and name > $1 order by name`, [
      afterOf(query) ?? '',
    ]);
    const visible = rows.filter((row) => this.sees(caller, row)).slice(0, query.limit + 1);
    const protectionNow = await this.protection.now();
    return pageOf(
      visible,
      query,
      ({ name }) => name,
      (row) => viewOf(row, briefly(caller, protectionNow(connectionOf(row)))),
    );
  }

  async get(caller: Identity, name: string): Promise<ConnectionView> {
    return this.inFull(caller, await this.visible(caller, name));
  }

  async create(by: Identity, body: CreateConnectionBody): Promise<ConnectionView> {
    assertDatabases(body.protocol, body.databases ?? []);
    return this.database.transaction(async (tx) => {
      const made = await rowOf<ConnectionRow>(
        tx,
        `insert into connections (id, name, protocol, target, databases, labels, record_responses, max_sessions,
           require_protected, accepted_problems, settings, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12) on conflict (name) where deleted_at is null do nothing returning *`,
        [
          this.ids.next<ConnectionId>(),
          body.name,
          body.protocol,
          body.target,
          body.databases ?? [],
          body.labels ?? [],
          body.record_responses ?? false,
          body.max_sessions ?? 50,
          body.require_protected ?? false,
          body.accepted_problems ?? [],
          settingsOf(body.protocol, body),
          this.clock.now(),
        ],
      );
      if (made === undefined) throw new GatewayError('CONFLICT', `there is already a connection "${body.name}"`);
      await this.evidence.append(tx, {
        event: 'connection.created',
        body: { id: made.id, name: made.name, by: actorOf(by), after: recordOf(made) },
      });
      return this.inFull(by, made, tx);
    });
  }

  async update(
    by: Identity,
    name: string,
    { expected_version, ...change }: UpdateConnectionBody,
  ): Promise<ConnectionView> {
    return this.database.transaction(async (tx) => {
      const before = await this.locked(tx, name);
      if (expected_version !== undefined && expected_version !== before.version) {
        throw new GatewayError('CONFLICT', `the connection is at version ${before.version}`, {
          hint: 'read it again and repeat the change',
        });
      }
      // A body holds every field of its class: what was left out is undefined, and stays.
      const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
      assertDatabases(before.protocol, change.databases ?? before.databases);
      const next: ConnectionRow = {
        ...before,
        ...given,
        settings: settingsOf(before.protocol, change, before.settings),
      };
      const after = await rowOf<ConnectionRow>(
        tx,
        `update connections set version = version + 1, target = $2, databases = $3, labels = $4, record_responses = $5,
           max_sessions = $6, require_protected = $7, accepted_problems = $8, settings = $9, updated_at = $10
         where id = $1 returning *`,
        [
          before.id,
          next.target,
          next.databases,
          next.labels,
          next.record_responses,
          next.max_sessions,
          next.require_protected,
          next.accepted_problems,
          next.settings,
          this.clock.now(),
        ],
      );
      await this.evidence.append(tx, {
        event: 'connection.updated',
        body: { id: before.id, name, by: actorOf(by), before: recordOf(before), after: recordOf(after!) },
      });
      await this.notifications.publish(tx, connectionChanged, {
        connectionId: before.id,
        version: after!.version,
        deleted: false,
      });
      return this.inFull(by, after!, tx);
    });
  }

  /** Its sessions end at once, its tickets open nothing more, and its masking rules go with it. */
  async remove(by: Identity, name: string): Promise<void> {
    await this.database.transaction(async (tx) => {
      const before = await this.locked(tx, name);
      await tx.query('update connections set deleted_at = $2, version = version + 1 where id = $1', [
        before.id,
        this.clock.now(),
      ]);
      await this.evidence.append(tx, {
        event: 'connection.deleted',
        body: { id: before.id, name, by: actorOf(by), before: recordOf(before) },
      });
      await this.notifications.publish(tx, connectionChanged, {
        connectionId: before.id,
        version: before.version + 1,
        deleted: true,
      });
    });
  }

  private async inFull(caller: Identity, row: ConnectionRow, sql?: Sql): Promise<ConnectionView> {
    const connection = connectionOf(row);
    return viewOf(row, inFull(caller, connection, (await this.protection.now(sql))(connection)));
  }

  private sees(caller: Identity, row: ConnectionRow): boolean {
    return may(caller, 'connection.read-any') || this.visibility.visible(caller, connectionOf(row));
  }

  private row(sql: Sql, name: string): Promise<ConnectionRow | undefined> {
    return rowOf<ConnectionRow>(sql, `${live} and name = $1`, [name]);
  }

  private async locked(tx: Sql, name: string): Promise<ConnectionRow> {
    const row = await rowOf<ConnectionRow>(tx, `${live} and name = $1 for update`, [name]);
    if (row === undefined) throw connectionNotFound(name);
    return row;
  }
}

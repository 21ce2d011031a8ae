import { Injectable } from '@nestjs/common';
import type { ConnectionId, Digest, ErrorCode } from '@sallyport/core';
import { rowOf, rowsOf, type Sql } from '../../platform/index.js';
import type { TurnKey } from './turn-key.js';
import type { StoredTurn } from './turn-state.js';

/** An operation that the policies refused in a turn. */
export interface TurnRefusal {
  readonly key: TurnKey;
  readonly connection: ConnectionId;
  readonly digest: Digest;
  readonly code: ErrorCode;
  readonly message: string;
}

export interface StoredRow extends StoredTurn {
  readonly key: TurnKey;
}

const found = 'key, writes::float8 as writes, untrusted';

const add = `
  insert into turn_states as known (key, writes, untrusted, touched_at)
  select key, writes, untrusted, now()
  from jsonb_to_recordset($1::jsonb) as told (key text, writes bigint, untrusted boolean) order by key
  on conflict (key) do update set writes = known.writes + excluded.writes,
    untrusted = known.untrusted or excluded.untrusted, touched_at = excluded.touched_at
  returning ${found}`;

const remember = `
  insert into turn_refusals (key, connection_id, digest, code, message, at)
  select key, connection, digest, code, message, now()
  from jsonb_to_recordset($1::jsonb) as told (key text, connection uuid, digest text, code text, message text)
  order by key, connection, digest
  on conflict (key, connection_id, digest) do nothing`;

/** The tables `turn_states` and `turn_refusals`. */
@Injectable()
export class TurnRecords {
  find(sql: Sql, keys: readonly TurnKey[]): Promise<StoredRow[]> {
    return rowsOf(sql, `select ${found} from turn_states where key = any ($1)`, [keys]);
  }

  /** Adds what happened on one replica. Rows are locked in the order of their keys, so that replicas cannot block one another. */
  add(tx: Sql, happened: readonly StoredRow[]): Promise<StoredRow[]> {
    return rowsOf(tx, add, [JSON.stringify(happened)]);
  }

  async remember(tx: Sql, refusals: readonly TurnRefusal[]): Promise<void> {
    await tx.query(remember, [JSON.stringify(refusals)]);
  }

  refusalOf(
    sql: Sql,
    { key, connection, digest }: Pick<TurnRefusal, 'key' | 'connection' | 'digest'>,
  ): Promise<Pick<TurnRefusal, 'code' | 'message'> | undefined> {
    return rowOf(sql, 'select code, message from turn_refusals where key = $1 and connection_id = $2 and digest = $3', [
      key,
      connection,
      digest,
    ]);
  }

  /** Turns that nobody has touched for a month are over. */
  async forget(sql: Sql): Promise<void> {
    await sql.query(`delete from turn_states where touched_at < now() - interval '30 days'`);
    await sql.query(`delete from turn_refusals where at < now() - interval '30 days'`);
  }
}

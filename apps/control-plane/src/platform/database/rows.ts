import type { Pool } from 'pg';
import type { DataSource, EntityManager } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';

/** Anything that runs SQL: the DataSource, or a transaction's manager. */
export type Sql = Pick<EntityManager, 'query'>;

/** Rows of any statement. TypeORM answers `[rows, count]` to UPDATE and DELETE, and rows to the others. */
export async function rowsOf<Row>(sql: Sql, text: string, parameters: readonly unknown[] = []): Promise<Row[]> {
  const answer = await sql.query<unknown[]>(text, [...parameters]);
  const [first, second] = answer;
  return (Array.isArray(first) && typeof second === 'number' ? first : answer) as Row[];
}

export async function rowOf<Row>(
  sql: Sql,
  text: string,
  parameters: readonly unknown[] = [],
): Promise<Row | undefined> {
  return (await rowsOf<Row>(sql, text, parameters))[0];
}

/** A statement that a connection has the server parse and plan once; the name stands for the text. */
export interface Prepared {
  readonly name: string;
  readonly text: string;
}

/** For what the operations themselves wait for: by the pool's own connections, past what TypeORM does around a query. */
export async function preparedRowOf<Row extends object>(
  database: DataSource,
  { name, text }: Prepared,
  parameters: readonly unknown[],
): Promise<Row | undefined> {
  const pool = (database.driver as PostgresDriver).master as Pool;
  return (await pool.query<Row>({ name, text, values: [...parameters] })).rows[0];
}

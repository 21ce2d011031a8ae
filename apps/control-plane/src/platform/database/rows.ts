import type { EntityManager } from 'typeorm';

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

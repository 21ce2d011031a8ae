import { loadParser } from '@sallyport/sql';
import { beforeAll, describe, expect, test } from 'vitest';
import { described, dynamodb, json, type Wire } from '../calls.fixture.js';
import { readPartiql } from './partiql.js';

beforeAll(loadParser);

const rdsData = (sql: string): Wire => ({
  as: 'rds-data',
  line: 'POST /Execute',
  headers: [['content-type', 'application/json']],
  body: JSON.stringify({
    resourceArn: 'arn:aws:rds:eu-west-1:111122223333:cluster:c',
    secretArn: 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:s-abcdef',
    sql,
  }),
});
const redshift = (Sql: string) =>
  json('redshift-data', 'RedshiftData.ExecuteStatement', { Sql, ClusterIdentifier: 'c', Database: 'd' });
const athena = (QueryString: string) =>
  json('athena', 'AmazonAthena.StartQueryExecution', { QueryString, WorkGroup: 'w' });

describe('SQL inside a call', () => {
  test.each<[string, Wire, string, readonly string[], readonly string[], readonly string[]]>([
    ['a read', rdsData('select id, lower(name) from app.orders where id = 1'), 'read', ['select'], ['app.orders'], []],
    [
      'a bounded change',
      rdsData('update app.orders set a = 1 where id = 2'),
      'write',
      ['update'],
      ['app.orders'],
      ['app.orders'],
    ],
    [
      'a change of every row',
      rdsData('delete from app.orders'),
      'destructive',
      ['delete'],
      ['app.orders'],
      ['app.orders'],
    ],
    ['a drop behind a commit', redshift('COMMIT; DROP TABLE t'), 'destructive', ['commit', 'drop'], ['t'], ['t']],
    ['a grant', redshift('grant select on t to public'), 'privilege', ['grant'], ['t'], ['t']],
    ['a query of Athena', athena('SELECT count(*) FROM logs.requests'), 'read', ['select'], ['logs.requests'], []],
  ])('%s is described by what it does', (_what, call, risk, verbs, relations, written) => {
    const { risk: found, facts } = described(call);
    expect(found).toBe(risk);
    expect(facts).toMatchObject({ sql_verbs: verbs, sql_relations: relations, sql_written: written });
    expect(facts['flags']).toContain('sql');
    expect(facts['flags']).not.toContain('sql-unknown');
  });

  test.each([
    ['a dialect that does not parse', redshift("UNLOAD ('select * from t') TO 's3://b/p' IAM_ROLE default")],
    ['a function that nobody knows', rdsData('select purge_all() from t')],
    ['a procedure', rdsData('call purge_all()')],
    ['code in a block', rdsData("do $$ begin execute 'drop table t'; end $$")],
    ['nothing at all', json('athena', 'AmazonAthena.StartQueryExecution', { WorkGroup: 'w' })],
  ])('%s is unknown', (_what, call) => {
    const { risk, facts } = described(call);
    expect(risk).toBe('unknown');
    expect(facts['flags']).toContain('sql-unknown');
  });

  test('needs the secret that it logs in with', () => {
    const { actions, resources } = described(rdsData('select 1'));
    expect(actions).toEqual(['rds-data:ExecuteStatement', 'secretsmanager:GetSecretValue']);
    expect(resources).toContain('arn:aws:secretsmanager:eu-west-1:111122223333:secret:s-abcdef');
  });

  test('hides secrets in literals from the reviewer', () => {
    const { text } = described(rdsData("update users set password = 'hunter2' where id = 1"));
    expect(text).toContain('update users set password');
    expect(text).not.toContain('hunter2');
  });
});

describe('PartiQL', () => {
  test.each([
    [`SELECT * FROM "orders"`, { verb: 'select', table: 'orders' }],
    [`select id from orders."by-day" where a = 'from payroll'`, { verb: 'select', table: 'orders', index: 'by-day' }],
    [`INSERT INTO orders VALUE {'id': '1'}`, { verb: 'insert', table: 'orders' }],
    [`UPDATE "a""b" SET x = 1 WHERE id = '1'`, { verb: 'update', table: 'a"b' }],
    [`DELETE FROM orders WHERE id = '1'`, { verb: 'delete', table: 'orders' }],
    [`EXISTS(SELECT * FROM orders WHERE id = '1')`, { verb: 'select', table: 'orders' }],
  ])('%s', (text, read) => {
    expect(readPartiql(text)).toEqual(read);
  });

  test.each([
    'SELECT * FROM orders, payroll',
    'SELECT * FROM orders JOIN payroll ON a = b',
    'SELECT * FROM (SELECT * FROM payroll)',
    `SELECT * FROM orders; DELETE FROM payroll WHERE id = '1'`,
    'SELECT * FROM orders -- WHERE',
    'SELECT * /* x */ FROM orders',
    'DELETE FROM orders',
    'UPDATE orders SET a = 1 -- WHERE id = 1',
    'UPDATE orders SET a = 1 /* only */ WHERE id = 1',
    'DROP TABLE orders',
    '"SELECT" * FROM orders',
    'SELECT 1',
    '',
  ])('%s is not read', (text) => {
    expect(readPartiql(text)).toEqual({});
  });

  test('of which one statement cannot be read needs every action, and no table is certain', () => {
    const { risk, actions, facts } = described(
      dynamodb('BatchExecuteStatement', {
        Statements: [{ Statement: 'SELECT * FROM orders' }, { Statement: 'DROP TABLE x' }],
      }),
    );
    expect(risk).toBe('unknown');
    expect(actions).toHaveLength(4);
    expect(facts['flags']).toContain('sql-unknown');
  });
});

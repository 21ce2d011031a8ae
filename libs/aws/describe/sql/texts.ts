/** Which members carry SQL to a database, and whose SQL it is. */
import { partiqlTexts } from './partiql.js';

/** `sql` is read by the parser of @sallyport/sql; `partiql` by the reader beside. */
export type Dialect = 'sql' | 'partiql';

export interface SqlMember {
  readonly dialect: Dialect;
  readonly path: string;
}

const sql = (path: string): SqlMember => ({ dialect: 'sql', path });

const members: Readonly<Record<string, Readonly<Record<string, SqlMember>>>> = {
  'rds-data': {
    ExecuteStatement: sql('sql'),
    BatchExecuteStatement: sql('sql'),
    ExecuteSql: sql('sqlStatements'),
  },
  'redshift-data': { ExecuteStatement: sql('Sql'), BatchExecuteStatement: sql('Sqls[]') },
  athena: {
    StartQueryExecution: sql('QueryString'),
    CreatePreparedStatement: sql('QueryStatement'),
    UpdatePreparedStatement: sql('QueryStatement'),
    CreateNamedQuery: sql('QueryString'),
    UpdateNamedQuery: sql('QueryString'),
  },
  'timestream-query': { Query: sql('QueryString'), PrepareQuery: sql('QueryString') },
  dynamodb: Object.fromEntries(
    Object.entries(partiqlTexts).map(([operation, path]) => [operation, { dialect: 'partiql' as const, path }]),
  ),
};

export const sqlMember = (service: string, operation: string): SqlMember | undefined => members[service]?.[operation];

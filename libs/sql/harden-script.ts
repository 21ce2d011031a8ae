import { grants } from './harden-grants.js';
import { publicRights } from './harden-public.js';
import { attempt, refusals, role, takenBack } from './harden-role.js';
import { quoteLiteral, quoteName } from './quote.js';
import type { WithheldColumn } from './self-check-queries.js';

export interface HardenOptions {
  readonly database: string;
  /** The login that the agent is to use: made where it is not there, narrowed where it is. */
  readonly role: string;
  /** The schemas that it may use; none means every one that is not the system's or an extension's. */
  readonly schemas: readonly string[];
  /** Rows may be changed too; what the tables are, never. */
  readonly readWrite: boolean;
  readonly withheld: readonly WithheldColumn[];
}

/**
 * The SQL by which a superuser, or who owns the database, makes a login that may do what a connection is for and no more:
 * PostgreSQL 12 to 18, one transaction, the same when it is run again. Text of others is in settings of the transaction
 * only, as literals: the rest is constant.
 */
export const hardenScript = (options: HardenOptions): string =>
  [
    head(options),
    `begin;\n${parameters(options)}`,
    attempt,
    '-- What must not be hardened is refused.',
    refusals,
    '-- The login.',
    role,
    '-- It has nothing but what follows.',
    takenBack,
    grants,
    '-- What it would have by PUBLIC, and what it would get later.',
    publicRights,
    'drop function pg_temp.attempt(text);\ncommit;',
    '',
  ].join('\n');

const head = ({ database, role: login }: HardenOptions): string =>
  `-- A least-privilege login for Sallyport's agent: ${quoteName(login)} in database ${quoteName(database)}.
-- Run it as a superuser, or as who owns the database and its schemas; what that one may not do is said and left.
-- It takes rights from PUBLIC, and so from every other login: each NOTICE says how those get them back. To see them
-- beforehand, write "rollback" for the "commit" at the end. Run it again when tables or functions have been added.
-- It sets no password: give the login a certificate, RDS IAM (grant rds_iam), or a password of the agent's alone.`;

const parameters = ({ database, role: login, schemas, readWrite, withheld }: HardenOptions): string => {
  const parts = withheld.map((pattern) => pattern.map((part) => part ?? null));
  const settings = {
    standard_conforming_strings: 'on',
    search_path: undefined,
    'sallyport.database': database,
    'sallyport.role': login,
    'sallyport.schemas': JSON.stringify(schemas),
    'sallyport.read_write': readWrite ? 'on' : 'off',
    'sallyport.withheld': JSON.stringify(parts),
  };
  return Object.entries(settings)
    .map(([name, value]) => `set local ${name} = ${value === undefined ? 'pg_catalog, pg_temp' : literal(value)};`)
    .join('\n');
};

// Read the same whatever standard_conforming_strings says: a client that sends the script as one message has it parsed
// before the setting above holds. What needs U& is refused by the server where it would be read otherwise.
const literal = (text: string): string => {
  const quoted = quoteLiteral(text);
  return quoted.startsWith('U&') || !text.includes('\\') ? quoted : `E${quoted.replaceAll('\\', '\\\\')}`;
};

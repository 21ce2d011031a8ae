import type { Command } from 'commander';
import { command, type Invocation } from '../cli.js';
import { listOf, pathOf, without } from '../options.js';
import { plainLine } from '../plain-text.js';
import { quoted } from '../quoted.js';

interface HardenOptions {
  readonly database?: string;
  readonly role?: string;
  readonly schema?: string[];
  readonly readWrite?: boolean;
  readonly withhold?: string[];
}

interface Hardening {
  readonly role: string;
  readonly database: string;
  readonly script: string;
  readonly accept: readonly string[];
}

export const addHarden = (group: Command): void => {
  command(
    group,
    'harden <connection>',
    'print the SQL that makes its login a least-privileged one (admin)',
    async (call: Invocation<HardenOptions>, name) => {
      const { database, role, schema, readWrite, withhold } = call.options;
      const made = await call.api.send<Hardening>(
        'POST',
        pathOf('/v1/connections', name, 'hardening'),
        without({ database, role, schemas: schema, read_write: readWrite, withhold }),
      );
      call.show(made, () => made.script);
      if (!call.options.json) for (const line of afterwards(name, made)) call.say(plainLine(line));
    },
  )
    .option('--role <name>', 'the login: made where it is not there, narrowed where it is')
    .option('--schema <name>', 'a schema that it may use (repeat for more); else every one of the application', listOf)
    .option('--read-write', 'rows may be changed too')
    .option('--withhold <schema.table.column>', 'a column that it must not read; * for any (repeat for more)', listOf)
    .option('--database <name>', 'the database, where the connection has several');
};

/** What to do with the script, to standard error: the script itself may be going to a file. */
const afterwards = (name: string, { role, database, accept }: Hardening): string[] => [
  `run it in "${database}" as an administrator, and let the agent log in as "${role}"`,
  ...(accept.length === 0
    ? []
    : [`it is meant to write: sallyport connections update ${name} ${accept.map(acceptOption).join(' ')}`]),
  `then "sallyport connections show ${name}" says whether the connection is protected`,
];

const acceptOption = (problem: string): string => `--accept ${quoted(problem)}`;

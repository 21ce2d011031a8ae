/**
 * Databases that differ in masked values only, in nothing that a client may learn: the same rows in the same physical
 * order, the same lengths, the same effort of statistics. `a` and `b` have other values, `c` has equal ones where `a` has not.
 */
import { randomBytes } from 'node:crypto';
import { type TestDatabase, testDatabase } from '@sallyport/testkit';
import { readCorpus } from './cases.js';
import { StateOracle } from './state.js';
import type { Login } from './talk.js';

export const worlds = ['a', 'b', 'c'] as const;
export type World = (typeof worlds)[number];

const template = 'world_t';
export const databaseOf = (world: World): string => `world_${world}`;

const changes: Readonly<Record<World, readonly string[]>> = {
  a: ['update app.customers set vip = vip'],
  b: [
    `update app.customers set ssn = translate(ssn, '0123456789', '7391605842'), email = translate(email, 'aeiou', 'eioua'),
       card = left(card, 4) || translate(substr(card, 5), '0123456789', '3716094285') where id >= 10`,
    `update app.customers set ssn = '434-15-2286', email = 'uma.quallfisthor@kenery.example', card = '5105105105105100' where id = 1`,
    `update app.customers set ssn = '815-60-4473', email = 'xe.pwostlawuud@kenery.example', card = '4222222222222220',
       notes = 'call 815-60-4473' where id = 2`,
    `update app.customers set ssn = '702-39-1158', email = 'wy.nerrewgete@kenery.example', card = '371449635398431' where id = 3`,
    `update app.customers set profile = jsonb_set(profile, '{ssn}', '"434-15-2286"') where id = 1`,
  ],
  c: [
    'update app.customers set vip = vip',
    `update app.customers c set ssn = o.ssn, card = o.card from app.customers o where c.id = 2 and o.id = 1`,
    `update app.customers c set ssn = o.ssn, email = o.email, card = o.card from app.customers o where c.id = 11 and o.id = 10`,
  ],
};
const settle = ['cluster app.customers using customers_pkey', 'vacuum full app.customers', 'analyze app.customers'];

/** What must never be seen of each world: masked values, what the denied table holds, what programs and files say. */
const masked: Readonly<Record<World, readonly string[]>> = {
  a: ['523-48-7719', '618-22-9034', '901-77-3345', '5500005555555559', '4012888888881881', '378282246310005'],
  b: ['434-15-2286', '815-60-4473', '702-39-1158', '5105105105105100', '4222222222222220', '371449635398431'],
  c: ['523-48-7719', '901-77-3345', '5500005555555559', '378282246310005'],
};
const emails: Readonly<Record<World, readonly string[]>> = {
  a: ['ada.quillfeather', 'bo.thistlewood', 'cy.marrowgate'],
  b: ['uma.quallfisthor', 'xe.pwostlawuud', 'wy.nerrewgete'],
  c: ['ada.quillfeather', 'bo.thistlewood', 'cy.marrowgate'],
};
export const payroll = ['Zed Ironpetal', '777123', 'GB29NWBK', 'Yan Coppervale', '888456', 'DE89370400440532013000'];

const encoded = (value: string): string[] => [
  value,
  [...value].reverse().join(''),
  value.replaceAll('-', ''),
  Buffer.from(value).toString('hex'),
  Buffer.from(value).toString('base64').slice(0, 12),
];

export const canariesOf = (world: World): string[] => [
  ...[...masked[world], ...emails[world]].flatMap(encoded),
  ...payroll.flatMap(encoded),
  ...['root:x:0', 'uid=0', 'SCRAM-SHA-256$'],
];

export interface Worlds extends AsyncDisposable {
  readonly server: TestDatabase;
  /** As the superuser, straight to the target. */
  login(database: string): Login;
  /** As the role with column grants only. */
  hardened(database: string): Login;
  oracle(database: string): Promise<StateOracle>;
  /** A new copy of the fixture; drops the one before. */
  fresh(name: string): Promise<string>;
  build(world: World): Promise<void>;
}

export async function buildWorlds(some: readonly World[] = worlds): Promise<Worlds> {
  const server = await testDatabase({
    database: template,
    sql: readCorpus('fixture.sql'),
    settings: { wal_level: 'logical', max_prepared_transactions: '5', autovacuum: 'off', max_connections: '60' },
  });
  const { host, port, user, password } = server;
  const hardenedPassword = randomBytes(9).toString('hex');
  await server.query(`alter role agent_ro password '${hardenedPassword}'`);
  const login = (database: string): Login => ({ host, port, user, password, database });
  const admin = await StateOracle.of(login('postgres'));

  const made: Worlds = {
    server,
    login,
    hardened: (database) => ({ ...login(database), user: 'agent_ro', password: hardenedPassword }),
    oracle: (database) => StateOracle.of(login(database)),
    fresh: async (name) => {
      await admin.run(`drop database if exists ${name} with (force)`);
      await admin.run(`create database ${name} template ${template} strategy file_copy`);
      await admin.run(`revoke temp on database ${name} from public`);
      return name;
    },
    build: async (world) => {
      const oracle = await made.oracle(await made.fresh(databaseOf(world)));
      for (const change of [...changes[world], ...settle]) await oracle.run(change);
      await oracle.end();
    },
    [Symbol.asyncDispose]: async () => {
      await admin.end();
      await server.stop();
    },
  };
  for (const world of some) await made.build(world);
  return made;
}

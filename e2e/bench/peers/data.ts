import type { Installation } from '../../testing/installation.js';
import type { Options } from '../options.js';

/** 1,000,000 accounts, as many as `pgbench -i -s 10` makes: all of them fit into the target's memory. */
const scale = 10;

/** Of a row of `big` as COPY writes two of its columns, more or less. */
const rowBytes = 100;

/** The tables of pgbench, as it makes them itself; made here because the agent looks at the target once, at its start. */
const pgbenchTables = `
  create table pgbench_branches (bid int primary key, bbalance int, filler char(88)) with (fillfactor = 100);
  create table pgbench_tellers (tid int primary key, bid int, tbalance int, filler char(84)) with (fillfactor = 100);
  create table pgbench_accounts (aid int primary key, bid int, abalance int, filler char(84)) with (fillfactor = 100);
  create table pgbench_history (tid int, bid int, aid int, delta int, mtime timestamp, filler char(22));
  insert into pgbench_branches (bid, bbalance) select n, 0 from generate_series(1, ${scale}) n;
  insert into pgbench_tellers (tid, bid, tbalance)
    select n, (n - 1) / 10 + 1, 0 from generate_series(1, ${scale * 10}) n;
  insert into pgbench_accounts select n, (n - 1) / 100000 + 1, 0, '' from generate_series(1, ${scale * 100_000}) n;`;

/** Text in which no detector finds anything, a column with a rule, and text with an address in each row. */
const bigTable = (rows: number): string => `
  create table big (id int primary key, note text not null, secret text not null, contact text not null);
  insert into big
  select n,
    'the parcel of order ' || n || ' waits in row ' || n % 40 || ' of the hall, and is to be sent on by Friday',
    'what nobody but the customer himself should ever see of order ' || n || ' is written in this place',
    'ask the customer of order ' || n || ' at ada.lovelace.' || n || '@example.com before it is sent on again'
  from generate_series(1, ${rows}) n;`;

export const targetSql = ({ resultMegabytes }: Options): string =>
  pgbenchTables + bigTable(Math.round((resultMegabytes * 1e6) / rowBytes));

/** What a single string of statements cannot do: the first reader would set hint bits and pay for the others. */
export const settle = async ({ target }: Installation): Promise<void> => {
  await target.query('vacuum analyze');
  await target.query('checkpoint');
};

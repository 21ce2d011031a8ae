// What programs do with node-postgres, feature by feature. Prints a line of JSON each: the same direct and through the gateway.
import pg from 'pg';

const features = {
  async 'values in and out, by their types'(client) {
    const values = [
      [true, 'bool'], [-7, 'int2'], [2147483647, 'int4'], ['9223372036854775807', 'int8'], [1.5, 'float4'], [0.1, 'float8'],
      ['12345.678900', 'numeric'], ['täxt ☃ 𝄞', 'text'], [Buffer.from([0, 1, 254, 255]), 'bytea'], ['2024-02-29', 'date'],
      [new Date(0), 'timestamptz'], ['12:34:56.789', 'time'], ['1 mon 2 days', 'interval'], [{ a: [1, null] }, 'jsonb'],
      [JSON.stringify([1, 'x']), 'json'], ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'uuid'], ['10.0.0.1/8', 'inet'], ['[1,5)', 'int4range'],
      [[1, 2, null], 'int4[]'], [[['a', 'b'], ['c,"d"', null]], 'text[]'], ['(1,2)', 'point'], [null, 'text'], ['', 'text'], ['1010', 'varbit'],
    ];
    const said = [];
    for (const [value, type] of values) {
      const { rows, fields } = await client.query(`select $1::${type} as value`, [value]);
      said.push([type, rows[0].value, fields[0].dataTypeID, fields[0].dataTypeSize, fields[0].dataTypeModifier]);
    }
    return said;
  },
  async 'values in binary'(client) {
    const { rows, fields } = await client.query({ text: "select 1::int4 as a, 2::int2 as b, true as c, 'x'::text as d, 1.5::float8 as e", binary: true, values: [] });
    return [rows, fields.map(({ format }) => format)];
  },
  async 'rows as arrays, and columns of one name'(client) {
    const { rows } = await client.query({ text: 'select 1 as a, 2 as a, 3', rowMode: 'array' });
    return [rows, (await client.query('select 1 as a, 2 as a')).rows];
  },
  async 'several statements in one text'(client) {
    const results = await client.query("select 1 as a; create temporary table s (a int); insert into s values (1), (2); select * from s; update s set a = 3; delete from s");
    return results.map(({ command, rowCount, rows }) => [command, rowCount, rows]);
  },
  async 'an error among several statements'(client) {
    return [await failure(client.query('select 1; select 1/0; select 2')), (await client.query("select 'alive' as x")).rows];
  },
  async 'named statements'(client) {
    const said = [];
    for (let n = 0; n < 5; n += 1) said.push((await client.query({ name: 'twice', text: 'select $1::int * 2 as n', values: [n] })).rows);
    said.push(await failure(client.query({ name: 'bad', text: 'select nonsense' })));
    said.push((await client.query({ name: 'bad', text: 'select 1 as fine' })).rows);
    said.push((await client.query('select name, statement, parameter_types from pg_prepared_statements order by name')).rows);
    await client.query('deallocate all');
    return said;
  },
  async 'many queries queued at once'(client) {
    const answers = await Promise.allSettled(Array.from({ length: 60 }, (_, n) => client.query(`select 10/($1::int % 7) as n`, [n])));
    return answers.map(({ status, value, reason }) => (status === 'fulfilled' ? value.rows[0].n : reason.code));
  },
  async 'the extended protocol for a query without parameters'(client) {
    return (await client.query({ text: 'select 1 as a', queryMode: 'extended' })).rows;
  },
  async 'a portal read in pieces'(client) {
    const rows = [];
    await new Promise((resolve, reject) => {
      const query = new pg.Query({ text: 'select n from generate_series(1, 7) n', rows: 2 });
      query.on('row', (row) => rows.push(row.n));
      query.on('end', resolve);
      query.on('error', reject);
      client.query(query);
    });
    return rows;
  },
  async 'errors of many classes, with all their fields'(client) {
    await client.query('create temporary table e (id int primary key, name text not null, age int constraint grown check (age > 17))');
    await client.query("insert into e values (1, 'a', 20)");
    const said = [];
    for (const sql of ["insert into e values (1, 'b', 20)", "insert into e values (2, null, 20)", "insert into e values (2, 'b', 3)", 'selec', 'select * from missing', 'select missing()', "select 'x'::int", 'select 1/0', "select '{'::json"])
      said.push(await failure(client.query(sql)), await failure(client.query({ text: sql, queryMode: 'extended' })));
    said.push(await failure(client.query('select $1::int', ['x'])), await failure(client.query('select $1::int', [])), await failure(client.query('select 1', [1])));
    return said;
  },
  async 'a transaction that fails, and savepoints'(client) {
    const said = [];
    await client.query('create temporary table tx (id int)');
    await client.query('begin');
    await client.query('insert into tx values ($1)', [1]);
    await client.query('savepoint a');
    said.push(await failure(client.query('select 1/0')), await failure(client.query('select 1')));
    await client.query('rollback to a');
    await client.query('insert into tx values ($1)', [2]);
    await client.query('commit');
    said.push((await client.query('select array_agg(id order by id) as ids from tx')).rows);
    await client.query('begin isolation level serializable read only');
    said.push(await failure(client.query('insert into tx values (3)')));
    await client.query('rollback');
    return said;
  },
  async notices(client) {
    const heard = [];
    const hear = ({ severity, code, message, detail, hint, where }) => heard.push([severity, code, message, detail, hint, where]);
    client.on('notice', hear);
    await client.query("do $$ begin raise notice 'n %', 1; raise warning 'w' using hint = 'h', detail = 'd'; end $$");
    await client.query('drop table if exists nobody');
    client.off('notice', hear);
    return heard;
  },
  async notifications(client) {
    const heard = [];
    const hear = ({ channel, payload }) => heard.push([channel, payload]);
    client.on('notification', hear);
    await client.query('listen news');
    await client.query("notify news, 'one'");
    await client.query("select pg_notify('news', 'two')");
    await client.query('unlisten *');
    client.off('notification', hear);
    return heard;
  },
  async 'COPY in and out by the connection’s own messages'(client) {
    await client.query('create temporary table c (a int, b text)');
    const said = [await copyIn(client, 'copy c from stdin', ['1\tone\n2\t', 'two\n', '3\t\\N\n'])];
    said.push(await failure(copyIn(client, 'copy c from stdin', ['x\ty\n'])));
    said.push(await failure(copyIn(client, 'copy c from stdin', ['4\tfour\n'], 'changed my mind')));
    said.push(await copyOut(client, 'copy c to stdout'), await copyOut(client, 'copy (select * from c order by a desc) to stdout (format csv, header)'));
    said.push(await failure(copyOut(client, 'copy (select 1/(3-n) from generate_series(1, 5) n) to stdout')));
    said.push(await copyOut(client, 'copy c to stdout (format binary)'), (await client.query('select count(*) from c')).rows);
    return said;
  },
  async 'a long text, many parameters, wide and long results'(client) {
    const said = [(await client.query('select md5($1::text) as m', ['x'.repeat(3_000_000)])).rows];
    const many = Array.from({ length: 5_000 }, (_, n) => n);
    said.push((await client.query(`select ${many.map((n) => `$${n + 1}::int`).slice(0, 1_600).join('+')} as sum`, many.slice(0, 1_600))).rows);
    said.push((await client.query(`select count(*) from (values ${many.map((n) => `($${n + 1}::int)`).join(',')}) v`, many)).rows);
    said.push(Object.keys((await client.query(`select ${many.slice(0, 1_600).map((n) => `${n} as c${n}`).join(',')}`)).rows[0]).length);
    const { rows } = await client.query("select n, repeat('r', n % 50) as r from generate_series(1, 20000) n");
    said.push(rows.length, rows.at(-1));
    return said;
  },
  async 'an empty query and a query without a result'(client) {
    return [await client.query(''), await client.query('-- nothing'), await client.query('select'), await client.query({ text: '', queryMode: 'extended' })].map(
      ({ command, rowCount, rows }) => [command, rowCount, rows],
    );
  },
  async 'a statement that its own time limit stops'(client) {
    await client.query('set statement_timeout = 60');
    const said = await failure(client.query('select pg_sleep(20)'));
    await client.query('reset statement_timeout');
    return [said, (await client.query('show statement_timeout')).rows];
  },
  async 'a statement that is cancelled'(client) {
    const query = new pg.Query('select pg_sleep(20)');
    const stopped = new Promise((resolve) => query.on('error', resolve).on('end', () => resolve(new Error('it ran to its end'))));
    client.query(query);
    await new Promise((resolve) => setTimeout(resolve, 400));
    new pg.Client(configuration()).cancel(client, query);
    const { code, message } = await stopped;
    return [code, message, (await client.query("select 'alive' as x")).rows];
  },
  async 'quoting, and types of one’s own'(client) {
    const text = `it's "a" \\ back`;
    const types = { getTypeParser: () => (value) => `<${value}>` };
    return [(await client.query(`select ${client.escapeLiteral(text)} as ${client.escapeIdentifier(text)}`)).rows, (await client.query({ text: 'select 1, now() is null', types, rowMode: 'array' })).rows];
  },
};

const configuration = () => ({ application_name: 'node-postgres', statement_timeout: 60_000, idle_in_transaction_session_timeout: 60_000 });

async function failure(doing) {
  try {
    await doing;
    return 'no error';
  } catch (error) {
    return Object.fromEntries(Object.entries(error).filter(([, value]) => typeof value === 'string' || typeof value === 'number').concat([['message', error.message]]));
  }
}

/** A query that node-postgres hands every message of a COPY to. */
class Copy extends pg.Query {
  chunks = [];
  constructor(text, input, cause) {
    super({ text });
    this.input = input;
    this.cause = cause;
  }
  handleCopyInResponse(connection) {
    for (const chunk of this.input) connection.sendCopyFromChunk(Buffer.from(chunk));
    if (this.cause === undefined) connection.endCopyFrom();
    else connection.sendCopyFail(this.cause);
  }
  handleCopyData({ chunk }) {
    this.chunks.push(Buffer.from(chunk));
  }
}

const run = (client, copy) =>
  new Promise((resolve, reject) => {
    copy.on('error', reject);
    copy.on('end', (result) => resolve([result.command, result.rowCount, Buffer.concat(copy.chunks).toString('latin1')]));
    client.query(copy);
  });
const copyIn = (client, text, input, cause) => run(client, new Copy(text, input, cause));
const copyOut = (client, text) => run(client, new Copy(text, []));

for (const [name, feature] of Object.entries(features)) {
  const client = new pg.Client(configuration());
  client.on('error', () => undefined);
  await client.connect();
  const said = await feature(client);
  await client.query('rollback'); // an error is told before the ReadyForQuery behind it, which a client that leaves may miss
  await client.end();
  process.stdout.write(`${JSON.stringify([name, said])}\n`);
}

import { randomUUID } from 'node:crypto';
import type { SessionId } from '@sallyport/core';
import { bodyOf } from '@sallyport/evidence';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KeysPool, type Sql } from '../../platform/index.js';
import {
  allow,
  closing,
  context,
  deny,
  type Installation,
  installation,
  operation,
  person,
  sessionOn,
  startedBy,
} from '../../testing/evidence-replica.js';
import { EvidenceWriter } from '../evidence/evidence-writer.js';
import { LogReader } from '../evidence/log-reader.js';
import { Recorder } from './recorder.js';
import { lostEnding, SessionCloser } from './session-closer.js';

let house: Installation;
beforeAll(async () => {
  house = await installation();
});
afterAll(() => house[Symbol.asyncDispose]());

const count = async (sql: string, parameters: unknown[] = []): Promise<number> =>
  Number((await house.database.query<{ count: string }>(sql, parameters))[0]!.count);
const eventsOf = async (session: SessionId): Promise<{ event: string; body: Record<string, unknown> }[]> => {
  await house.settled();
  const entries = await house.first.get(LogReader).page('e.session = $3', { limit: 500, parameters: [session] });
  return entries.map(({ event, document }) => ({ event, body: bodyOf(document!) as Record<string, unknown> }));
};

describe('a session on record', () => {
  test('is there before anything runs, and its operations and its end follow in order', async () => {
    const session = await sessionOn(house.first);
    expect(
      await count("select count(*) from evidence_entries where session = $1 and event = 'session.started'", [
        session.id,
      ]),
    ).toBe(1);

    const read = session.admitted(operation('select 1'), allow, context);
    await read.durable;
    await read.outcome({ status: 'done', rows: 1, bytes: 12, maskedFields: 0, durationMs: 2 });
    const drop = session.admitted(operation('drop table patients', { risk: 'destructive' }), deny, context);
    await drop.durable;
    await session.ended(closing);

    const events = await eventsOf(session.id);
    expect(events).toMatchObject([
      { event: 'session.started', body: { session: session.id } },
      {
        event: 'operation.allowed',
        body: { operation: read.id, number: 1, text: 'select 1', policies: ['allow-reads'] },
      },
      { event: 'operation.completed', body: { operation: read.id, status: 'done', rows: 1 } },
      { event: 'operation.denied', body: { operation: drop.id, number: 2, refusal: { code: 'POLICY_DENIED' } } },
      { event: 'session.ended', body: { operations: 2, denied: 1, reason: { code: 'CLIENT_LEFT' } } },
    ]);
  });

  test('an outcome that nobody waits for is told with the next decision, and counts as told when others end the session', async () => {
    const session = await sessionOn(house.first);
    const first = session.admitted(operation('select 1'), allow, context);
    await first.durable;
    const outcome = first.outcome({ status: 'done', rows: 7, maskedFields: 0 });
    const second = session.admitted(operation('select 2'), allow, context);
    await Promise.all([outcome, second.durable]);

    const database = house.first.get(DataSource);
    await database.transaction((tx) => house.first.get(SessionCloser).close(tx, session.id, lostEnding));
    const events = await eventsOf(session.id);
    expect(events).toMatchObject([
      { event: 'session.started' },
      { event: 'operation.allowed', body: { operation: first.id } },
      {
        event: 'operation.allowed',
        body: { operation: second.id, completed: [{ operation: first.id, status: 'done', rows: 7 }] },
      },
      { event: 'operation.completed', body: { operation: second.id, status: 'unknown' } },
      { event: 'session.ended', body: { operations: 2 } },
    ]);
    const rows = await database.query<unknown[]>(
      'select status, rows from operations where session_id = $1 order by number',
      [session.id],
    );
    expect(rows).toMatchObject([{ status: 'done', rows: '7' }, { status: 'unknown' }]);
  });

  test('nothing is admitted in a session that was not recorded as started', () => {
    const session = house.first.get(Recorder).session(randomUUID() as SessionId);
    expect(() => session.admitted(operation('select 1'), allow, context)).toThrow(
      expect.objectContaining({ code: 'RECORDING_UNAVAILABLE' }),
    );
  });

  test('what is in flight when it ends is recorded as unknown', async () => {
    const session = await sessionOn(house.first);
    const running = session.admitted(operation('update patients set name = null'), allow, context);
    await running.durable;
    await session.ended(closing);
    expect(await eventsOf(session.id)).toMatchObject([
      {},
      {},
      { event: 'operation.completed', body: { operation: running.id, status: 'unknown' } },
      { event: 'session.ended' },
    ]);
  });

  test('many sessions at once share commits', async () => {
    const sessions = await Promise.all(Array.from({ length: 20 }, () => sessionOn(house.first)));
    const before = await commits();
    await Promise.all(
      sessions.flatMap((session) =>
        Array.from({ length: 10 }, () => session.admitted(operation('select 1'), allow, context).durable),
      ),
    );
    const made = (await commits()) - before;
    expect(made).toBeGreaterThan(0);
    expect(made).toBeLessThan(20);
  });

  test('a recorded response is durable chunk by chunk, and its outcome carries a signed footer', async () => {
    const session = await sessionOn(house.first);
    const read = session.admitted(operation('select 1'), allow, context);
    await session.response(read.id, Buffer.alloc(100_000, 'x'), new Date());
    expect(await count('select count(*) from recording_chunks where operation = $1', [read.id])).toBe(2);
    await session.response(read.id, Buffer.from('end'), new Date());
    await read.outcome({ status: 'done', maskedFields: 0 });
    await session.ended(closing);
    const completed = (await eventsOf(session.id)).find(({ event }) => event === 'operation.completed');
    expect(completed?.body).toMatchObject({
      recording: {
        footer: { operation: read.id, chunks: 3, bytes: { toClient: 100_003, toTarget: 0 } },
        controlPlane: {},
      },
    });
  });

  test('a secret that nobody hid is hidden before it is stored, and no statement is stored in clear', async () => {
    const canary = 'AKIAIOSFODNN7EXAMPLQ';
    const session = await sessionOn(house.first);
    await session.admitted(
      operation(`select '${canary}', 'plain-canary-text'`, { parameters: [canary] }),
      allow,
      context,
    ).durable;
    await session.ended(closing);
    const [, allowed] = await eventsOf(session.id);
    expect(JSON.stringify(allowed)).toContain('plain-canary-text');
    expect(JSON.stringify(allowed)).not.toContain(canary);
    const stored = await house.database.query('select envelope, body::text from evidence_entries where session = $1', [
      session.id,
    ]);
    expect(JSON.stringify(stored)).not.toContain(Buffer.from('plain-canary-text').toString('hex'));
    expect(house.first.logged()).not.toContain(canary);
  });
});

describe('attacks on the record through the database', () => {
  const refused = { code: '42501' };
  const asRole = async (role: string, sql: string): Promise<unknown> => {
    const client = new pg.Client({ connectionString: house.database.url });
    await client.connect();
    try {
      await client.query(`set role ${role}`);
      return await client.query(sql);
    } finally {
      await client.end();
    }
  };
  const tables = [
    'evidence_entries',
    'evidence_sequence',
    'evidence_nodes',
    'evidence_checkpoints',
    'evidence_cosignatures',
    'recording_chunks',
  ];
  const statements = tables.flatMap((table) =>
    [`update ${table} set ctid = ctid`, `delete from ${table}`, `truncate ${table} cascade`].map((sql) =>
      sql.replace(
        'set ctid = ctid',
        table === 'recording_chunks'
          ? 'set at = at'
          : table === 'evidence_nodes'
            ? 'set hash = hash'
            : table === 'evidence_sequence'
              ? 'set seq = seq'
              : 'set at = at',
      ),
    ),
  );

  test.each(statements)('the role that writes evidence cannot %s', async (sql) => {
    await expect(asRole('sallyport_recorder', sql)).rejects.toMatchObject(refused);
    await expect(asRole('sallyport_app', sql)).rejects.toMatchObject(refused);
  });

  test.each(statements)('even the owner of the tables cannot %s while the triggers stand', async (sql) => {
    await sessionOn(house.first);
    await expect(house.database.query(sql)).rejects.toMatchObject(refused);
    await expect(house.database.query(`set session_replication_role = replica; ${sql}`)).rejects.toMatchObject(refused);
  });

  test('neither the application nor the recorder reads the keys', async () => {
    for (const role of ['sallyport_app', 'sallyport_recorder'])
      await expect(asRole(role, 'select * from session_keys')).rejects.toMatchObject(refused);
  });

  test('the role that holds the keys cannot read evidence, remove a key or bring a destroyed one back', async () => {
    const session = await sessionOn(house.first);
    const keys = house.first.get(KeysPool);
    await expect(keys.query('select * from evidence_entries')).rejects.toMatchObject(refused);
    await expect(keys.query('delete from session_keys')).rejects.toMatchObject(refused);
    await keys.query('update session_keys set wrapped = null, destroyed_at = now() where id = $1', [session.id]);
    await expect(
      keys.query("update session_keys set wrapped = '\\x00', destroyed_at = null where id = $1", [session.id]),
    ).rejects.toMatchObject(refused);
  });

  test('stolen tables do not open: keys are wrapped under the master key', async () => {
    const session = await sessionOn(house.first);
    const [row] = await house.database.query<{ wrapped: Buffer }>('select wrapped from session_keys where id = $1', [
      session.id,
    ]);
    expect(row!.wrapped.length).toBe(61);
  });
});

describe('the recorder and a database that goes away', () => {
  test('refuses while it is gone, lets no session go on in doubt, and recovers by itself', async () => {
    await using away = await installation();
    const session = await sessionOn(away.first);
    await session.admitted(operation('select 1'), allow, context).durable;

    await away.database.pause();
    await expect(session.admitted(operation('select 2'), allow, context).durable).rejects.toMatchObject({
      code: 'RECORDING_UNAVAILABLE',
    });
    await expect(
      away.first
        .get(Recorder)
        .session(randomUUID() as SessionId)
        .started(startedBy(person())),
    ).rejects.toMatchObject({ code: 'RECORDING_UNAVAILABLE' });
    await away.database.resume();

    const next = await sessionOn(away.first);
    await next.admitted(operation('select 3'), allow, context).durable;
    await next.ended(closing);
    await session.ended(closing);
    const ended = await away.database.query<{ session: string }>(
      "select session from evidence_entries where event = 'session.ended'",
    );
    expect(ended.map(({ session: id }) => id)).toContain(next.id);
  });

  test('a record that the server refuses is refused alone, and the session goes on without a gap', async () => {
    await house.database.query(
      "create function fail_on_purpose() returns trigger language plpgsql as $$ begin raise exception 'no space left on device' using errcode = '53100'; end $$",
    );
    const session = await sessionOn(house.first);
    await house.database.query(
      'create trigger fail_on_purpose before insert on evidence_entries for each row execute function fail_on_purpose()',
    );
    await expect(session.admitted(operation('select 1'), allow, context).durable).rejects.toMatchObject({
      code: 'RECORDING_UNAVAILABLE',
      details: { inDoubt: false },
    });
    await house.database.query('drop trigger fail_on_purpose on evidence_entries');

    const read = session.admitted(operation('select 2'), allow, context);
    await read.durable;
    await read.outcome({ status: 'done', maskedFields: 0 });
    await session.ended(closing);
    expect(await eventsOf(session.id)).toMatchObject([
      { event: 'session.started' },
      { event: 'operation.allowed', body: { number: 1, text: 'select 2' } },
      {},
      { body: { operations: 1 } },
    ]);
  });

  test('a connection that breaks in the middle of a commit leaves the session in doubt, and its end is written from the log', async () => {
    const session = await sessionOn(house.first);
    const read = session.admitted(operation('select 1'), allow, context);
    await read.durable;
    const blocker = new pg.Client({ connectionString: house.database.url });
    await blocker.connect();
    await blocker.query('begin; lock table evidence_entries in share mode');
    const stuck = session.admitted(operation('select 2'), allow, context).durable;
    const killed = (async () => {
      for (let tries = 0; tries < 200; tries += 1) {
        const { rowCount } = await blocker.query(
          "select pg_terminate_backend(pid) from pg_locks where relation = 'evidence_entries'::regclass and not granted",
        );
        if ((rowCount ?? 0) > 0) return;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    })();
    await expect(stuck).rejects.toMatchObject({ code: 'RECORDING_UNAVAILABLE', details: { inDoubt: true } });
    await killed;
    await blocker.query('rollback');
    await blocker.end();
    expect(() => session.admitted(operation('select 3'), allow, context)).toThrow(
      expect.objectContaining({ code: 'RECORDING_UNAVAILABLE' }),
    );
    await session.ended(closing);
    expect(await eventsOf(session.id)).toMatchObject([
      { event: 'session.started' },
      { event: 'operation.allowed' },
      { event: 'operation.completed', body: { operation: read.id, status: 'unknown' } },
      { event: 'session.ended', body: { operations: 1, reason: { code: 'CLIENT_LEFT' } } },
    ]);
  });

  test('whoever appends an entry waits for the disk, whatever the server’s default', async () => {
    const database = house.first.get(DataSource);
    const setting = async (tx: Sql) =>
      (await tx.query<{ synchronous_commit: string }[]>('show synchronous_commit'))[0]!.synchronous_commit;
    await database.transaction(async (tx) => {
      await tx.query('set local synchronous_commit = off');
      await house.first.get(EvidenceWriter).append(tx, {
        event: 'grants.ended',
        body: { person: person().id, by: { id: 'system', class: 'system', name: 'sallyport' }, reason: 'test' },
      });
      expect(await setting(tx)).toBe('on');
    });
  });
});

async function commits(): Promise<number> {
  const { Metrics } = await import('../../platform/index.js');
  const text = await house.first.get(Metrics).registry.metrics();
  return Number(/sallyport_recorder_commit_seconds_count (\d+)/.exec(text)?.[1] ?? 0);
}

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { keepCheckpoint, pinKeys, verifiedLog } from '../testing/evidence.js';
import { agentPassword, allowAll, Installation, type Ticket, until } from '../testing/installation.js';
import {
  allOnRecord,
  backends,
  type Heard,
  isRunning,
  onRecord,
  pendingReview,
  reviewsOf,
  sessionEnded,
  settle,
  type Visitor,
  Visitors,
  within,
} from '../testing/sessions.js';
import { type SmallDisk, smallDisk } from '../testing/small-disk.js';

/** A statement that is under way may take this long to end with an error; the product promises less. */
const bounded = 20_000;
const ticketSessions = 3;
const connectionSessions = 12;
const rotatedPassword = `canary-rotated-${randomBytes(9).toString('hex')}`;
const vaulted = `canary-vaulted-${randomBytes(9).toString('hex')}`;

const policy = `${allowAll}
@id("deletes") @review("reviewers") @timeout("10m")
permit(principal, action == Sallyport::Action::"sql.execute", resource) when { context.verbs.contains("delete") };
`;

let sallyport: Installation;
let visitors: Visitors;
let shortLived: Ticket;
let dawdler: { readonly socket: Socket; readonly said: Buffer[]; readonly since: number };

beforeAll(async () => {
  sallyport = await Installation.start({
    policy,
    recordResponses: true,
    maxSessions: connectionSessions,
    environment: { SALLYPORT_TICKET_SESSIONS: String(ticketSessions) },
    agentMasking: [{ id: 'vault', kind: 'column', column: 'public.vault.secret', action: 'redact' }],
    targetSql: `
      create table ledger (entry text primary key);
      create table precious (id int primary key);
      insert into precious select generate_series(1, 20);
      create table people (id int primary key, phone text);
      insert into people values (1, '+49 30 901820');
      create table vault (secret text primary key);
      insert into vault values ('${vaulted}')`,
  });
  visitors = new Visitors(sallyport);
  await sallyport.api('grace', 'POST', '/v1/connections', {
    name: 'other',
    protocol: 'postgres',
    target: 'shop-db',
    databases: ['shop'],
  });
  shortLived = await sallyport.ticket('ada', { ttl_seconds: 10 });
  await pinKeys(sallyport);
  await keepCheckpoint(sallyport);
  dawdler = raw(Buffer.from([0, 0]));
});
afterEach(() => visitors.leave());
afterAll(() => sallyport?.stop());

/** A client that says just this, and keeps what it hears. */
function raw(bytes: Buffer): typeof dawdler {
  const socket = connect(sallyport.ports.postgres, '127.0.0.1');
  const said: Buffer[] = [];
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => said.push(chunk));
  socket.write(bytes);
  return { socket, said, since: Date.now() };
}

const closed = ({ socket }: { socket: Socket }, milliseconds = bounded): Promise<unknown> =>
  within<unknown>(milliseconds, 'the gateway hangs up', socket.closed ? Promise.resolve() : once(socket, 'close'));

const ran = async (entry: string): Promise<boolean> =>
  (await sallyport.target.query('select from ledger where entry = $1', [entry])).length > 0;

const idsLeft = async (id: number): Promise<number> =>
  (await sallyport.target.query('select from precious where id = $1', [id])).length;

const tooLong = (entry: string, seconds = 60): string =>
  `insert into ledger select '${entry}' from (select pg_sleep(${seconds})) as wait`;

const personId = async (email: string): Promise<string> => {
  const { items } = await sallyport.api<{ items: { id: string; email: string }[] }>('grace', 'GET', '/v1/people');
  return items.find((person) => person.email === email)!.id;
};

describe('bad input at the door', () => {
  const int32 = (...values: number[]): Buffer => {
    const bytes = Buffer.alloc(values.length * 4);
    values.forEach((value, index) => bytes.writeInt32BE(value, index * 4));
    return bytes;
  };

  test.each([
    ['garbage', Buffer.from('GET / HTTP/1.1\r\nHost: db\r\n\r\n')],
    ['a packet that says it is 2 GiB long', int32(0x7fffffff, 196_608)],
    ['a packet that says it is shorter than itself', int32(4, 196_608)],
    ['a start-up packet without its final zero', Buffer.concat([int32(17, 196_608), Buffer.from('user\0ab\0x')])],
    ['a start-up without TLS', Buffer.concat([int32(21, 196_608), Buffer.from('user\0orders\0\0')])],
  ])('%s is answered by a PostgreSQL error and the end of the connection', async (_what, bytes) => {
    const client = raw(bytes);
    await closed(client);
    const said = Buffer.concat(client.said).toString('latin1');
    expect(said).toMatch(/^E[\s\S]{4}SFATAL\0VFATAL\0C(08P01|0A000|28000|54000)\0/);
  });

  test('a start-up packet that ends in the middle is forgotten when its client has gone', async () => {
    const client = raw(int32(400, 196_608));
    client.socket.end();
    await closed(client);
    await (await visitors.connect()).query('select 1');
  });
});

describe('tickets', () => {
  const invalid = { code: '28P01', message: 'the ticket is not valid for this connection' };

  test('a wrong ticket, one of another connection and one for no connection at all are refused in the same words', async () => {
    const [mine, others] = await Promise.all([sallyport.ticket(), sallyport.ticket('ada', { connection: 'other' })]);
    const wrong = { ...mine, ticket: `${mine.ticket.slice(0, -4)}AAAA` };
    for (const [ticket, way] of [
      [wrong, {}],
      [{ ...mine, ticket: 'password' }, {}],
      [others, { connection: 'orders' }],
      [mine, { connection: 'other' }],
      [mine, { connection: 'nowhere' }],
    ] as const)
      expect(await visitors.turnedAway(ticket, way)).toMatchObject({ severity: 'FATAL', ...invalid });
  });

  test('a revoked ticket opens nothing, and its sessions end at once', async () => {
    const ticket = await sallyport.ticket();
    const session = await visitors.with(ticket);
    await sallyport.api('ada', 'DELETE', `/v1/tickets/${ticket.id}`);
    await until('the session of the ticket has ended', () => session.closed);
    expect(session.lost).toMatchObject({ code: '57P01', message: 'the ticket of this session was revoked' });
    expect(await visitors.turnedAway(ticket)).toMatchObject(invalid);
  });

  test('a ticket opens as many sessions as it may, and one more when one has ended', async () => {
    const ticket = await sallyport.ticket();
    const open = await Promise.all(Array.from({ length: ticketSessions }, () => visitors.with(ticket)));
    expect(await visitors.turnedAway(ticket)).toMatchObject({ severity: 'FATAL', code: '53300' });
    await open[0]!.client.end();
    await until('the place is free again', () => visitors.with(ticket));
  });

  test('a connection has as many sessions as it may, whoever opens them', async () => {
    const tickets = await Promise.all(
      Array.from({ length: connectionSessions / ticketSessions }, (_, index) =>
        sallyport.ticket(index % 2 === 0 ? 'ada' : 'edsger'),
      ),
    );
    const open = await until('all places are free', async () => {
      const sessions = await Promise.allSettled(
        tickets.flatMap((ticket) => Array.from({ length: ticketSessions }, () => visitors.with(ticket))),
      );
      if (sessions.every(({ status }) => status === 'fulfilled')) return sessions;
      await visitors.leave();
      return undefined;
    });
    expect(open).toHaveLength(connectionSessions);
    expect(await visitors.turnedAway(await sallyport.ticket('ada'))).toMatchObject({
      code: '53300',
      message: `connection "orders" has ${connectionSessions} sessions open already`,
    });
  });

  test('a database that the connection does not allow is refused, with the ones that it does', async () => {
    // the places that the test before has left are free a moment after its clients have hung up
    const refused = await until('a place is free', async () => {
      const error = await visitors.turnedAway(await sallyport.ticket(), { database: 'payroll' });
      return (error as { code?: string }).code === '53300' ? undefined : error;
    });
    expect(refused).toMatchObject({
      severity: 'FATAL',
      code: '3D000',
      message: 'database "payroll" is not one of connection "orders"',
      hint: 'connect to one of: shop',
    });
  });

  test('there is no ticket for a connection that does not exist', async () => {
    expect((await sallyport.ask('ada', 'POST', '/v1/tickets', { connection: 'nowhere' })).status).toBe(404);
  });

  test('an expired ticket is refused, and says so', async () => {
    await sleep(Math.max(0, Date.parse(shortLived.expires_at) - Date.now() + 100));
    expect(await visitors.turnedAway(shortLived)).toMatchObject({ code: '28P01', message: 'the ticket has expired' });
  });
});

describe('what an administrator changes', () => {
  test('ending a session tells its client, in mid-statement too', async () => {
    const session = await visitors.connect();
    const cut = session.refusal(tooLong('ended by grace'));
    await isRunning(sallyport, 'ended by grace');
    const { session: id } = await onRecord(sallyport, 'ended by grace');
    await sallyport.api('grace', 'DELETE', `/v1/sessions/${id}`);
    expect(await within(bounded, 'the client is told', cut)).toMatchObject({
      severity: 'FATAL',
      code: '57P01',
      message: 'an administrator has ended this session',
    });
    await onRecord(sallyport, 'ended by grace', ({ outcome }) => outcome?.status === 'unknown');
    await until('the target runs it no longer', async () => (await backends(sallyport, 'ended by grace')).length === 0);
    expect(await ran('ended by grace')).toBe(false);
  });

  test('a login that expires ends the sessions behind it within a minute, in mid-statement too, and its client was warned', async () => {
    const ticket = await sallyport.ticket('edsger');
    sallyport.logInAgain('edsger'); // whoever comes next
    const person = await personId('edsger@example.test');
    const [grant] = await sallyport.store.query<{ expires_at: Date }>(
      "update login_grants set expires_at = now() + interval '20 seconds' where person_id = $1 and ended_at is null returning expires_at",
      [person],
    );
    const session = await visitors.with(ticket);
    await session.query('select 1');
    const cut = session.refusal(tooLong('expired', 120));
    await isRunning(sallyport, 'expired');
    const { session: id } = await onRecord(sallyport, 'expired');
    expect(await within(80_000, 'the client is told', cut)).toMatchObject({
      severity: 'FATAL',
      code: '57P01',
      message: 'this login has ended',
    });
    const late = Date.now() - grant!.expires_at.getTime();
    expect(late).toBeGreaterThan(0);
    expect(late).toBeLessThan(60_000);
    expect(session.notices).toEqual([expect.stringContaining(grant!.expires_at.toISOString())]);
    expect(await sessionEnded(sallyport, id)).toMatchObject({ end_reason: 'GRANT_ENDED' });
    await until('the target runs it no longer', async () => (await backends(sallyport, 'expired')).length === 0);
    expect(await ran('expired')).toBe(false);
    expect(await visitors.turnedAway(ticket)).toMatchObject({ code: '57P01', message: 'this login has ended' });
  });

  test('ending a person’s logins ends the sessions behind them at once', async () => {
    const session = await visitors.connect('edsger');
    await sallyport.api('grace', 'DELETE', `/v1/people/${await personId('edsger@example.test')}/grants`);
    await until('the session has ended', () => session.closed);
    expect(session.lost).toMatchObject({ severity: 'FATAL', code: '57P01' });
    expect((await sallyport.ask('edsger', 'POST', '/v1/tickets', { connection: 'orders' })).status).toBe(401);
  });

  test('a change of policy acts on the next statement of a running session', async () => {
    const session = await visitors.connect();
    await session.query('select * from people');
    await sallyport.setPolicy(`${policy}
      @id("no-people") @message("people are nobody’s business")
      forbid(principal, action == Sallyport::Action::"sql.execute", resource)
      when { context.relations.contains("public.people") };`);
    expect(await session.refusal('select * from people')).toMatchObject({
      severity: 'ERROR',
      code: '42501',
      message: 'people are nobody’s business',
    });
    await sallyport.setPolicy(policy);
    expect((await session.query('select id from people')).rows).toEqual([{ id: 1 }]);
  });

  test('a masking rule that is added acts on the next statement of a running session', async () => {
    const session = await visitors.connect();
    expect((await session.query('select phone from people')).rows).toEqual([{ phone: '+49 30 901820' }]);
    await sallyport.api('grace', 'POST', '/v1/masking-rules', {
      id: 'phones',
      kind: 'column',
      column: 'public.people.phone',
      action: 'redact',
    });
    expect((await session.query('select phone from people')).rows).toEqual([{ phone: '[redacted]' }]);
    await sallyport.api('grace', 'DELETE', '/v1/masking-rules/phones');
  });
});

describe('a review', () => {
  test('that is approved after its client has gone is not run for it, and once when it comes back', async () => {
    const session = await visitors.connect();
    void session.refusal('delete from precious where id = 1');
    const review = await pendingReview(sallyport, 'id = 1');
    session.vanish();
    await onRecord(sallyport, 'where id = 1', ({ decision }) => decision?.outcome === 'denied');
    await settle(sallyport, review);
    await sleep(1_500);
    expect(await idsLeft(1)).toBe(1);

    const again = await visitors.connect();
    expect((await again.query('delete from precious where id = 1')).rowCount).toBe(1);
    expect(again.notices).toEqual([]);
    expect(await reviewsOf(sallyport, 'id = 1')).toMatchObject([{ id: review.id, state: 'consumed' }]);

    const third = await visitors.connect();
    void third.refusal('delete from precious where id = 1');
    expect((await pendingReview(sallyport, 'id = 1')).id).not.toBe(review.id);
  });
});

describe('a review of a prepared statement', () => {
  const remove = (session: Visitor, id: number) => {
    const text = 'delete from precious where id = $1';
    const removed = session.client.query({ name: 'remove', text, values: [id] });
    removed.catch(() => undefined); // looked at below
    return removed;
  };

  test('is for its parameters: approved with some, it runs with no others', async () => {
    const session = await visitors.connect();
    const first = remove(session, 17);
    const approved = await pendingReview(sallyport, 'id = $1');
    session.vanish();
    await expect(first).rejects.toThrow();
    await settle(sallyport, approved);

    const again = await visitors.connect();
    const other = remove(again, 18);
    const asked = await pendingReview(sallyport, 'id = $1');
    expect(asked.id).not.toBe(approved.id);
    expect([await idsLeft(17), await idsLeft(18)]).toEqual([1, 1]);
    await settle(sallyport, asked, 'reject');
    await expect(other).rejects.toMatchObject({ code: '42501' });
    expect([await idsLeft(17), await idsLeft(18)]).toEqual([1, 1]);

    expect((await remove(again, 17)).rowCount).toBe(1); // what was approved still is, once
    expect([await idsLeft(17), await idsLeft(18)]).toEqual([0, 1]);
    void remove(again, 17);
    expect((await pendingReview(sallyport, 'id = $1')).id).not.toBe(approved.id);
    again.vanish();
  });
});

describe('the agent', () => {
  test('that is offline gives a clear error at connect, and the next session works when it is back', async () => {
    await sallyport.agent.stop();
    expect(await visitors.turnedAway(await sallyport.ticket())).toMatchObject({
      severity: 'FATAL',
      code: '08001',
      message: 'no agent that serves "shop-db" is connected',
    });
    sallyport.agent = await sallyport.startAgent();
    await (await visitors.served()).query('select 1');
  });

  test('that is killed in mid-statement ends it with an error, on record with an unknown outcome, and the next one serves', async () => {
    const session = await visitors.connect();
    const cut = session.refusal(tooLong('agent killed', 5));
    await isRunning(sallyport, 'agent killed');
    await sallyport.agent.stop('SIGKILL');
    expect(await within(bounded, 'the client is told', cut)).toMatchObject({ severity: 'FATAL', code: '08006' });
    const { session: id } = await onRecord(sallyport, 'agent killed', ({ outcome }) => outcome?.status === 'unknown');
    expect(await sessionEnded(sallyport, id)).toMatchObject({ end_reason: 'AGENT_LOST' });
    sallyport.agent = await sallyport.startAgent();
    await (await visitors.served()).query('select 1');
    await until('the target’s backend has gone', async () => (await backends(sallyport, 'agent killed')).length === 0);
  });

  test('that is revoked is out at once with its sessions, and another one can be enrolled', async () => {
    const session = await visitors.connect();
    const cut = session.refusal(tooLong('agent revoked'));
    await isRunning(sallyport, 'agent revoked');
    const { items } = await sallyport.api<{ items: { id: string; connected: boolean }[] }>(
      'grace',
      'GET',
      '/v1/agents',
    );
    const { id } = items.find(({ connected }) => connected)!;
    await sallyport.api('grace', 'DELETE', `/v1/agents/${id}`);
    expect(await within(bounded, 'the client is told', cut)).toMatchObject({ severity: 'FATAL', code: '08006' });
    expect(await within(bounded, 'the agent gives up', sallyport.agent.exited)).toBe(4);
    expect(await visitors.turnedAway(await sallyport.ticket())).toMatchObject({ code: '08001' });
    await until('the target has been left', async () => (await backends(sallyport, 'agent revoked')).length === 0);
    expect(await ran('agent revoked')).toBe(false);

    const { key } = await sallyport.api<{ key: string }>('grace', 'POST', '/v1/agents/enrolment-keys', {
      name: 'anew',
    });
    rmSync(path.join(sallyport.home, 'agent', 'state'), { recursive: true });
    writeFileSync(path.join(sallyport.home, 'agent', 'enrolment-key'), key, { mode: 0o600 });
    sallyport.agent = await sallyport.startAgent();
    await (await visitors.served()).query('select 1');
  });
});

describe('the target', () => {
  test('that is down in mid-session ends the session, gives a clear error at connect, and serves when it is back', async () => {
    const session = await visitors.connect();
    const cut = session.refusal(tooLong('target down'));
    await isRunning(sallyport, 'target down');
    await sallyport.target.pause();
    try {
      expect(await within(bounded, 'the client is told', cut)).toMatchObject({ severity: 'FATAL', code: '57P01' });
      expect(await visitors.turnedAway(await sallyport.ticket())).toMatchObject({ severity: 'FATAL', code: '08001' });
    } finally {
      await sallyport.target.resume();
    }
    await (await visitors.served()).query('select 1');
  });

  test('that refuses the agent’s credential gives a clear error, and a rotated file is noticed by the next session, while one goes on', async () => {
    const before = await visitors.connect();
    await before.query('select 1');
    await sallyport.target.query(`alter role app password '${rotatedPassword}'`);
    const refused = await visitors.turnedAway(await sallyport.ticket());
    expect(refused).toMatchObject({ severity: 'FATAL', code: '08004' });
    writeFileSync(path.join(sallyport.home, 'agent', 'password'), `${rotatedPassword}\n`);
    await (await visitors.connect()).query('select 1');
    expect((await before.query('select id from people')).rows).toEqual([{ id: 1 }]);
  });

  test('its error texts do not carry a masked value to the client', async () => {
    const session = await visitors.connect();
    expect(await session.refusal('insert into vault select secret from vault')).toMatchObject({ code: '23505' });
    expect(JSON.stringify((await session.query('select secret from vault')).rows)).toContain('redacted');
  });
});

describe('the control plane’s store', () => {
  test('that goes away in mid-session: nothing is run, the client is told in time, and the next session works', async () => {
    const [writer, reader, idle] = [await visitors.connect(), await visitors.connect(), await visitors.connect()];
    await writer.query(`insert into ledger values ('before the outage')`);
    const ticket = await sallyport.ticket();
    await sallyport.store.pause();
    try {
      const refused = await within(bounded, 'a write', writer.refusal(`insert into ledger values ('unrecorded 1')`));
      expect(refused).toMatchObject({ code: '57P03' });
      const unread = await within(bounded, 'a read', reader.refusal('select * from people'));
      expect(unread).toMatchObject({ code: '57P03' });
      expect(unread.message).not.toContain('+49');
      await sleep(2_500); // by now no policy is trusted any more either
      expect(
        await within(bounded, 'an idle session', idle.refusal(`insert into ledger values ('unrecorded 2')`)),
      ).toMatchObject({ code: '57P03' });
      expect(await within(bounded, 'the door', visitors.turnedAway(ticket))).toMatchObject({ code: '57P03' });
      const asked = await sallyport.ask('ada', 'POST', '/v1/tickets', { connection: 'orders' });
      expect(asked).toMatchObject({ status: 503, body: { code: 'RECORDING_UNAVAILABLE' } });
    } finally {
      await sallyport.store.resume();
    }
    expect(await ran('unrecorded 1')).toBe(false);
    expect(await ran('unrecorded 2')).toBe(false);
    await (await visitors.served()).query(`insert into ledger values ('after the outage')`);
    await onRecord(sallyport, 'after the outage', ({ outcome }) => outcome?.status === 'done');
  });

  test('that hangs: nothing is run, the client is told in time, and the next session works', async () => {
    const session = await visitors.connect();
    const holder = new pg.Client({ connectionString: sallyport.store.url });
    await holder.connect();
    await holder.query('begin; lock table evidence_entries in access exclusive mode');
    try {
      expect(await within(bounded, 'a write', session.refusal(`insert into ledger values ('hung')`))).toMatchObject({
        code: '57P03',
      });
    } finally {
      await holder.end();
    }
    expect(await ran('hung')).toBe(false);
    await (await visitors.served()).query(`insert into ledger values ('after the hang')`);
  });

  test('whose disk is full: what cannot be recorded is not run, and the next session works when there is room', async () => {
    const disk = await smallDisk(sallyport.store, 'evidence_entries');
    console.info(`the full disk is made by: ${disk.kind}`);
    try {
      await refusedWhileFull(disk);
    } finally {
      await disk.remove();
    }
  });

  async function refusedWhileFull(disk: SmallDisk): Promise<void> {
    const session = await visitors.connect();
    const ticket = await sallyport.ticket();
    let answered = 0;
    try {
      await disk.fill();
      const full = await until('the disk is full', async () => {
        for (;;) {
          const entry = `full ${answered}, ${'x'.repeat(2_000)}`;
          const error = await session.query(`insert into ledger values ('${entry}')`).then(
            () => undefined,
            (reason: unknown) => reason as { code?: string },
          );
          if (error !== undefined) return error;
          answered += 1;
        }
      });
      // It may be the outcome of the last answer that has no room: then the session ends between two statements.
      expect(session.lost ?? full).toMatchObject({ code: '57P03' });
      const shut = await until('nobody is let in any more', async () => {
        const visitor = await visitors.with(ticket).catch((error: unknown) => error as Heard);
        if (visitor instanceof Error) return visitor;
        await visitor.client.end();
        return undefined;
      });
      expect(shut).toMatchObject({ severity: 'FATAL', code: '57P03' });
      await until('no ticket can be recorded any more', async () => {
        const { status, body } = await sallyport.ask('ada', 'POST', '/v1/tickets', { connection: 'orders' });
        return status === 503 && JSON.stringify(body).includes('RECORDING_UNAVAILABLE');
      });
    } finally {
      await disk.free();
    }
    await (await visitors.served()).query(`insert into ledger values ('room again')`);
    await visitors.leave();
    await until('everything is sequenced', () => onRecord(sallyport, 'room again'));
    const rows = await sallyport.target.query<{ entry: string }>(`select entry from ledger where entry like 'full %'`);
    const recorded = await allOnRecord(sallyport, `'full `);
    for (const { entry } of rows)
      expect(recorded.filter(({ text }) => text?.includes(entry.slice(0, 12)))).toHaveLength(1);
    expect(rows.length).toBeGreaterThanOrEqual(answered);
  }
});

test('a client that takes too long over its start-up is told so and turned away', async () => {
  await closed(dawdler, Math.max(0, dawdler.since + 60_000 - Date.now()));
  expect(Buffer.concat(dawdler.said).toString()).toMatch(/SFATAL\0VFATAL\0C57014\0Mthe log-in took too long\0/);
});

describe('a control plane that is told to stop', () => {
  test('tells its sessions, ends with status 0, and the next one serves', async () => {
    const [idle, busy, waiting] = [await visitors.connect(), await visitors.connect(), await visitors.connect()];
    const cut = busy.refusal(tooLong('drained'));
    const unreviewed = waiting.refusal('delete from precious where id = 2');
    await Promise.all([isRunning(sallyport, 'drained'), pendingReview(sallyport, 'id = 2')]);
    await sallyport.controlPlane.stop('SIGTERM');
    expect(await sallyport.controlPlane.exited).toBe(0);
    for (const told of [await cut, await unreviewed, idle.lost])
      expect(told).toMatchObject({ severity: 'FATAL', code: '57P01', message: 'this control plane is shutting down' });
    await until('the target has been left', async () => (await backends(sallyport, 'drained')).length === 0);

    sallyport.controlPlane = await sallyport.startControlPlane();
    await (await visitors.served()).query('select 1');
    expect(await ran('drained')).toBe(false);
    expect(await idsLeft(2)).toBe(1);
    await onRecord(sallyport, 'drained', ({ outcome }) => outcome?.status === 'unknown');
  });
});

describe('a control plane that is killed', () => {
  let review: { id: string };

  beforeAll(async () => {
    const [busy, waiting] = [await visitors.connect(), await visitors.connect()];
    const cut = busy.refusal(tooLong('control plane killed'));
    const unreviewed = waiting.refusal('delete from precious where id = 3');
    await isRunning(sallyport, 'control plane killed');
    review = await pendingReview(sallyport, 'id = 3');
    await sallyport.controlPlane.stop('SIGKILL');
    await within(bounded, 'the sockets close', Promise.all([cut, unreviewed]));
  });

  test('leaves sessions that the agent ends at the target within 30 seconds', async () => {
    await until(
      'the target has been left',
      async () => (await backends(sallyport, 'control plane killed')).length === 0,
      30_000,
    );
    expect(await ran('control plane killed')).toBe(false);
  });

  test('leaves a review that can be approved after the restart: nothing runs by itself, a retry runs it once', async () => {
    sallyport.controlPlane = await sallyport.startControlPlane();
    expect((await pendingReview(sallyport, 'id = 3')).id).toBe(review.id);
    await settle(sallyport, await pendingReview(sallyport, 'id = 3'));
    await sleep(1_500);
    expect(await idsLeft(3)).toBe(1);

    const again = await visitors.served();
    expect((await again.query('delete from precious where id = 3')).rowCount).toBe(1);
    expect(again.notices).toEqual([]);
    expect(await reviewsOf(sallyport, 'id = 3')).toMatchObject([{ id: review.id, state: 'consumed' }]);
  });

  test('its sessions are ended on record, what was in flight is unknown, and nothing is run again', async () => {
    const lost = await onRecord(sallyport, 'control plane killed', ({ outcome }) => outcome?.status === 'unknown');
    expect(await sessionEnded(sallyport, lost.session)).toMatchObject({ end_reason: 'INTERNAL' });
    expect(await allOnRecord(sallyport, 'control plane killed')).toHaveLength(1);
    expect(await ran('control plane killed')).toBe(false);
  });
});

describe('after all of it', () => {
  test('every session has ended on record', async () => {
    await visitors.leave();
    await until('no session is open', async () => {
      const { items } = await sallyport.api<{ items: unknown[] }>('grace', 'GET', '/v1/sessions?state=open');
      return items.length === 0;
    });
  });

  test('what is at the target is on record as allowed, entry by entry', async () => {
    const rows = await sallyport.target.query<{ entry: string }>(
      `select entry from ledger where entry not like 'full %'`,
    );
    expect(rows.length).toBeGreaterThan(3);
    for (const { entry } of rows)
      expect(await allOnRecord(sallyport, `'${entry}'`)).toMatchObject([{ decision: { outcome: 'allowed' } }]);
  });

  test('the whole log verifies offline, with keys and a checkpoint pinned before', async () => {
    const report = await verifiedLog(sallyport);
    expect(report).toMatchObject({ ok: true, counts: { entries: report.size } });
  });

  test('no credential and no masked value reached the control plane, its store, a log, a replay or a client', async () => {
    const { items } = await sallyport.api<{ items: { id: string }[] }>('grace', 'GET', '/v1/sessions?limit=200');
    const replays = [];
    for (const { id } of items)
      replays.push(JSON.stringify(await sallyport.api('grace', 'GET', `/v1/sessions/${id}/replay?limit=200`)));
    expect(replays.join('\n')).toContain('redacted');
    const seen = [await sallyport.everythingSeen(), ...replays, ...visitors.everything].join('\n');
    for (const canary of [agentPassword, rotatedPassword, vaulted]) expect(seen).not.toContain(canary);
  });
});

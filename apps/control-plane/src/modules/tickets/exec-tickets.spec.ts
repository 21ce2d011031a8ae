/* eslint-disable @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-argument, @typescript-eslint/no-unsafe-call, @typescript-eslint/no-unsafe-assignment, @typescript-eslint/no-unsafe-return -- answers are JSON of any shape: that it is the right one is what is asserted */
import { randomUUID } from 'node:crypto';
import type { Identity } from '@sallyport/core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Session, type TestControlPlane, testControlPlane } from '../../testing/control-plane.js';
import { type Conversation, conversationOf } from '../../testing/witnesses.js';
import { ConnectionVisibility } from '../connections/connection-visibility.js';
import { ConnectionsModule } from '../connections/connections.module.js';
import { GrantsModule } from '../grants/grants.module.js';
import { IdentityModule } from '../identity/identity.module.js';
import { PeopleModule } from '../people/people.module.js';
import { TicketsModule } from './tickets.module.js';
import { TicketsService } from './tickets.service.js';

let house: TestControlPlane;
let tickets: TicketsService;
let session: Session;
let ada: Identity;
let talk: Conversation;

beforeAll(async () => {
  house = await testControlPlane({
    features: [ConnectionsModule, GrantsModule, IdentityModule, PeopleModule, TicketsModule],
  });
  house.controlPlane.app.get(ConnectionVisibility).decideBy((_identity, { name }) => name !== 'hidden');
  tickets = house.controlPlane.app.get(TicketsService);
  const admin = await house.as(['admin'], { sub: 'root' });
  for (const name of ['shop', 'billing', 'hidden', 'claude'])
    await admin.post('/v1/connections', { name, protocol: 'postgres', target: 'main', databases: ['app'] }).expect(201);
  await house.database.query(`update connections set protocol = 'anthropic', databases = '{}' where name = 'claude'`);
});
afterAll(() => house?.[Symbol.asyncDispose]());

const identityOf = async (of: Session): Promise<Identity> => (await of.get('/v1/whoami').expect(200)).body as Identity;

beforeEach(async () => {
  session = await house.as(['user']);
  ada = await identityOf(session);
  talk = conversationOf(house.controlPlane.app, ada);
  await talk.typed('list the orders', 'p-1');
});

const psql = 'psql -c "select * from orders"';
const exec = async (command: string, more: object = {}, by = session) =>
  (await by.post('/v1/exec-tickets', { client: talk.client, ai_session: talk.session, command, ...more }).expect(201))
    .body;
const redeemed = (ticket: string) => tickets.redeem({ ticket });

describe('a command that runs', () => {
  test('gets a ticket for each connection that its person may use, with the whole chain in it', async () => {
    const call = await talk.called({
      id: 'toolu_1',
      input: { command: psql, description: 'lists' },
      clientTurn: 'p-1',
    });
    const answer = await exec(psql);
    expect(answer).toMatchObject({ assurance: 'bound', turn: 'p-1', tool_call: 'toolu_1', ambiguous: false });
    expect(answer.tickets.map(({ connection }: { connection: string }) => connection)).toEqual(['billing', 'shop']);
    for (const { ticket, id } of answer.tickets) {
      expect(await redeemed(ticket)).toMatchObject({
        ticketId: id,
        identity: { id: ada.id },
        turn: { client: 'claude-code', aiSession: talk.session, turn: 'p-1', toolCall: 'toolu_1' },
        assurance: 'bound',
      });
    }
    const [{ id: own }] = (await session.get('/v1/tickets').expect(200)).body.items;
    const rows = await house.database.query('select ai_tool_call_id, command_hmac from tickets where id = $1', [own]);
    expect(rows).toEqual([{ ai_tool_call_id: call.id, command_hmac: call.hook_command_hmac }]);
    expect(JSON.stringify(await house.database.query('select * from tickets'))).not.toContain('orders');
    expect(house.logged()).not.toContain(answer.tickets[0].ticket.slice(4));
  });

  test('is known in the line that the client makes of it', async () => {
    const tricky = `psql -c "select 'it''s'" <<EOF\n$x\nEOF`;
    await talk.called({ id: 'toolu_1', input: { command: tricky } });
    await talk.called({ id: 'toolu_2', input: { command: 'psql' } });
    const line = `source s.sh && eval '${tricky.replaceAll("'", `'"'"'`)}' < /dev/null && pwd -P >| /x`;
    expect(await exec(line)).toMatchObject({ assurance: 'bound', tool_call: 'toolu_1', ambiguous: false });
  });

  test('is of the sub-agent that called the tool', async () => {
    await talk.called({ input: { command: psql }, agent: 'outer/inner' });
    const { tickets: issued } = await exec(psql, { agent: 'forged' });
    expect((await redeemed(issued[0].ticket)).turn.agent).toBe('outer/inner');
  });

  test('gets tickets for those connections that it names, without those that it may not use', async () => {
    const { tickets: issued } = await exec(psql, { connections: ['shop', 'hidden', 'nowhere', 'claude'] });
    expect(issued.map(({ connection }: { connection: string }) => connection)).toEqual(['shop']);
  });

  test('is on record with each ticket', async () => {
    const count = async () =>
      (
        await house.database.query<{ count: number }>(
          `select count(*)::int as count from evidence_entries where event = 'ticket.issued'`,
        )
      )[0]!.count;
    const before = await count();
    await exec(psql);
    expect(await count()).toBe(before + 2);
  });
});

describe('the level', () => {
  test.each([
    ['hook and model tell the same', () => talk.called({ input: { command: psql } }), 'bound'],
    ['the hook alone tells it', () => talk.asked({ input: { command: psql } }), 'ticketed'],
    ['the model alone tells it', () => talk.proposed({ input: { command: psql } }), 'ticketed'],
    ['the AI session is known, the command is not', () => talk.called({ input: { command: 'ls' } }), 'inferred'],
  ])('where %s', async (_name, tell, level) => {
    await tell();
    const answer = await exec(psql);
    expect(answer).toMatchObject({ assurance: level, turn: 'p-1' });
    expect(answer.tool_call === null).toBe(level === 'inferred');
    expect(await redeemed(answer.tickets[0].ticket)).toMatchObject({ assurance: level, turn: { turn: 'p-1' } });
  });

  test('is the least where the hook was told one thing and the model had said another', async () => {
    await talk.proposed({ id: 'toolu_1', input: { command: 'ls' } });
    await talk.asked({ id: 'toolu_1', input: { command: psql } });
    expect(await exec(psql)).toMatchObject({ assurance: 'inferred', tool_call: 'toolu_1' });
  });

  test('is that of the moment when the ticket is used: the second witness may have spoken since', async () => {
    await talk.proposed({ id: 'toolu_1', input: { command: psql } });
    const { assurance, tickets: issued } = await exec(psql);
    expect(assurance).toBe('ticketed');
    await talk.asked({ id: 'toolu_1', input: { command: psql } });
    expect((await redeemed(issued[0].ticket)).assurance).toBe('bound');
    await talk.asked({ id: 'toolu_1', input: { command: 'rm -rf /' } }); // a hook that changes its mind
    expect((await redeemed(issued[0].ticket)).assurance).toBe('ticketed');
  });

  test('is identity for an AI session that no witness has told of, and for one that is over', async () => {
    expect(await exec(psql, { ai_session: 'unheard-of' })).toMatchObject({
      assurance: 'identity',
      turn: null,
      tool_call: null,
    });
    await talk.left();
    expect(await exec(psql)).toMatchObject({ assurance: 'identity', turn: null });
  });
});

describe('ids that are claimed', () => {
  test('of another person’s AI session give nothing, though the command is his', async () => {
    await talk.called({ id: 'toolu_1', input: { command: psql } });
    const eve = await house.as(['user']);
    const answer = await exec(psql, { tool_call: 'toolu_1' }, eve);
    expect(answer).toMatchObject({ assurance: 'identity', turn: null, tool_call: null });
    const { turn, assurance, identity } = await redeemed(answer.tickets[0].ticket);
    expect({ assurance, name: identity.name }).toEqual({ assurance: 'identity', name: (await identityOf(eve)).name });
    expect(turn).not.toHaveProperty('turn');
  });

  test('of another client give nothing', async () => {
    await talk.called({ input: { command: psql } });
    expect(await exec(psql, { client: 'codex' })).toMatchObject({ assurance: 'identity' });
  });

  test('of a tool call are worth what its command is', async () => {
    await talk.called({ id: 'call_1', input: { command: ['bash', '-lc', `cd /srv && ${psql}`] } });
    await talk.called({ id: 'call_2', input: { command: psql } });
    expect(await exec(`'psql' '-c' 'select * from orders'`, { tool_call: 'call_1' })).toMatchObject({
      assurance: 'bound',
      tool_call: 'call_1',
    });
    expect(await exec('psql -c "drop table orders"', { tool_call: 'call_1' })).toMatchObject({
      assurance: 'inferred',
      tool_call: null,
    });
    expect(await exec(psql, { tool_call: 'call_3' })).toMatchObject({ assurance: 'inferred', tool_call: null });
  });

  test('raise no level of a ticket for one connection, unless a witness has told the same', async () => {
    const of = async (more: object) => {
      const claims = { connection: 'shop', ai_client: 'claude-code', ai_session: talk.session, ...more };
      const { body } = await session.post('/v1/tickets', claims).expect(201);
      return redeemed(body.ticket);
    };
    await talk.asked({ id: 'toolu_1', input: { command: psql } });
    expect(await of({ tool_call: 'toolu_1' })).toMatchObject({
      assurance: 'ticketed',
      turn: { client: 'claude-code', turn: 'p-1', toolCall: 'toolu_1' },
    });
    expect(await of({ tool_call: 'toolu_2' })).toMatchObject({ assurance: 'inferred' });
    expect(await of({ turn: 'invented' })).toMatchObject({ assurance: 'inferred', turn: { turn: 'p-1' } });
    expect(await of({ tool_call: 'toolu_1', ai_session: 'unheard-of' })).toMatchObject({ assurance: 'identity' });
    expect(await of({ tool_call: 'toolu_1', ai_client: 'codex' })).toMatchObject({ assurance: 'identity' });
  });
});

describe('two calls of the same command', () => {
  test('at once: each gets tickets, and it is said that nobody can tell them apart', async () => {
    await talk.called({ id: 'toolu_1', input: { command: psql } });
    await talk.called({ id: 'toolu_2', input: { command: psql } });
    const answers = [await exec(psql), await exec(psql)];
    expect(answers.map(({ ambiguous }) => ambiguous)).toEqual([true, true]);
    expect(answers.map(({ tool_call: id }) => id).sort()).toEqual(['toolu_1', 'toolu_2']);
    expect((await session.get('/v1/tickets').expect(200)).body.items[0]).toMatchObject({ ambiguous: true });
  });

  test('that the model made at once and the client runs one after the other are not confused', async () => {
    for (const id of ['toolu_1', 'toolu_2', 'toolu_3']) await talk.proposed({ id, input: { command: psql } });
    for (const id of ['toolu_2', 'toolu_1', 'toolu_3']) {
      await talk.asked({ id, input: { command: psql } });
      for (const line of [psql, `eval '${psql}' < /dev/null`])
        expect(await exec(line)).toMatchObject({ tool_call: id, assurance: 'bound', ambiguous: false });
      await talk.finished(id);
    }
  });

  test('one after the other are not confused, nor with one of an earlier turn whose end nobody has told', async () => {
    await talk.called({ id: 'toolu_1', input: { command: psql }, clientTurn: 'p-1' });
    await talk.finished('toolu_1');
    await talk.called({ id: 'toolu_2', input: { command: psql }, clientTurn: 'p-1' });
    expect(await exec(psql)).toMatchObject({ tool_call: 'toolu_2', ambiguous: false });
    await talk.typed('again', 'p-2');
    await talk.called({ id: 'toolu_3', input: { command: psql }, clientTurn: 'p-2' });
    expect(await exec(psql)).toMatchObject({ tool_call: 'toolu_3', turn: 'p-2', ambiguous: false });
  });
});

describe('when the tool call ends', () => {
  test('its tickets open nothing more, and it gets no others', async () => {
    await talk.called({ id: 'toolu_1', input: { command: psql } });
    const { tickets: issued } = await exec(psql);
    await talk.finished('toolu_1');
    await expect(redeemed(issued[0].ticket)).rejects.toMatchObject({
      code: 'TICKET_EXPIRED',
      message: 'the tool call that this ticket is for has ended',
    });
    expect(await exec(psql)).toMatchObject({ assurance: 'inferred', tool_call: null });
  });

  test('of a monitor, which is told as soon as it has begun, it goes on', async () => {
    await talk.called({ id: 'toolu_1', name: 'Monitor', input: { command: 'tail -f log', description: 'watches' } });
    await talk.finished('toolu_1');
    expect(await exec('tail -f log')).toMatchObject({ assurance: 'bound', tool_call: 'toolu_1' });
  });

  test('what it was to leave in the background goes on, for half a day', async () => {
    const server = { command: 'npm start', run_in_background: true };
    await talk.called({ id: 'toolu_1', input: server });
    const { tickets: issued } = await exec('npm start');
    await talk.finished('toolu_1');
    expect(await redeemed(issued[0].ticket)).toMatchObject({ assurance: 'bound' });
    expect(await exec('npm start', { connections: ['shop'] })).toMatchObject({
      assurance: 'bound',
      tool_call: 'toolu_1',
    });

    await house.database.query('alter table ai_tool_calls disable trigger ai_tool_calls_check_change');
    await house.database.query(
      `update ai_tool_calls set proposed_at = proposed_at - interval '13 hours', asked_at = asked_at - interval '13 hours'`,
    );
    await house.database.query('alter table ai_tool_calls enable always trigger ai_tool_calls_check_change');
    expect(await exec('npm start')).toMatchObject({ assurance: 'inferred', tool_call: null });
  });
});

describe('an AI session that was ended for good', () => {
  test('gets no ticket any more, by whatever it claims', async () => {
    await talk.called({ id: 'toolu_1', input: { command: psql } });
    await house.database.query(
      'update ai_sessions set killed_at = now(), killed_by = person_id where client_session = $1',
      [talk.session],
    );
    const body = { client: talk.client, ai_session: talk.session, command: psql };
    for (const more of [{}, { tool_call: 'toolu_1' }, { tool_call: randomUUID() }]) {
      const refused = await session.post('/v1/exec-tickets', { ...body, ...more }).expect(409);
      expect(refused.body).toMatchObject({ code: 'SESSION_ENDED' });
    }
    await session
      .post('/v1/tickets', { connection: 'shop', ai_client: talk.client, ai_session: talk.session })
      .expect(409);
  });
});

test.each([
  ['no client', { client: undefined }],
  ['no command', { command: undefined }],
  ['a name that is none', { connections: ['SHOP; drop'] }],
  ['a trace that is none', { traceparent: 'x' }],
  ['a time that is too long', { ttl_seconds: 901 }],
])('a request with %s is refused', async (_name, more) => {
  await session
    .post('/v1/exec-tickets', { client: 'claude-code', ai_session: 's', command: psql, ...more })
    .expect(400);
});

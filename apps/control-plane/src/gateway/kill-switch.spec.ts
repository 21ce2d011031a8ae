/* eslint-disable @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-assignment, @typescript-eslint/no-unsafe-return -- answers are JSON of any shape: that it is the right one is what is asserted */
import { createHash, randomUUID } from 'node:crypto';
import type { Decision, Digest, GatewayError, Identity, Operation, TurnContext } from '@sallyport/core';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ControlPlane } from '../control-plane.js';
import { EndedAiSessions, namedAiSession } from '../modules/kill-switch/ended-ai-sessions.js';
import { turnKeyOf } from '../modules/turns/turn-key.js';
import { TurnStates } from '../modules/turns/turn-states.js';
import { type Session, type TestControlPlane, testControlPlane } from '../testing/control-plane.js';
import { type Conversation, conversationOf } from '../testing/witnesses.js';
import { Admission } from './admission.js';
import type { LiveSession } from './live-session.js';
import { SessionSlots } from './session-slots.js';

const policies = `
  @id("connect") permit(principal, action == Sallyport::Action::"session.connect", resource);
  @id("run") permit(principal, action == Sallyport::Action::"sql.execute", resource);
  @id("two-a-turn") @message("two are enough")
  forbid(principal, action == Sallyport::Action::"sql.execute", resource)
  when { context.risk == "write" && context.turn_writes >= 2 };
  @id("nothing-after-the-web")
  forbid(principal, action == Sallyport::Action::"sql.execute", resource)
  when { context.risk == "destructive" && context.untrusted_content };`;

let house: TestControlPlane;
let replicas: readonly [ControlPlane, ControlPlane];
let admin: Session;
let session: Session;
let ada: Identity;
let talk: Conversation;

beforeAll(async () => {
  house = await testControlPlane();
  replicas = [house.controlPlane, await house.replica()];
  admin = await house.as(['admin'], { sub: 'root' });
  await admin.post('/v1/policies', { text: policies }).expect(201);
  for (const name of ['shop', 'billing'])
    await admin.post('/v1/connections', { name, protocol: 'postgres', target: 'main', databases: ['app'] }).expect(201);
}, 120_000);
afterAll(() => house?.[Symbol.asyncDispose]());

const identityOf = async (of: Session): Promise<Identity> => (await of.get('/v1/whoami').expect(200)).body as Identity;

beforeEach(async () => {
  session = await house.as(['user']);
  ada = await identityOf(session);
  talk = conversationOf(house.controlPlane.app, ada);
  await talk.typed('list the orders', 'p-1');
  await talk.called({ id: 'toolu_1', input: { command: 'psql' } });
});

interface Issued {
  readonly tickets: readonly { readonly ticket: string; readonly connection: string }[];
}
const exec = async (of: Conversation, by = session): Promise<Issued['tickets']> => {
  const body = { client: of.client, ai_session: of.session, command: 'psql' };
  return ((await by.post('/v1/exec-tickets', body).expect(201)).body as Issued).tickets;
};
const admit = (ticket: string, replica = 0): Promise<LiveSession> =>
  replicas[replica]!.app.get(Admission).admit('postgres', { ticket, clientAddress: '127.0.0.1', database: 'app' });
const idOf = async (of: Conversation, person = ada): Promise<string> =>
  (
    await house.database.query<{ id: string }>(
      'select id from ai_sessions where person_id = $1 and client = $2 and client_session = $3',
      [person.id, of.client, of.session],
    )
  )[0]!.id;
const kill = (id: string, by = admin) => by.post(`/v1/ai-sessions/${id}/kill`, { reason: 'it deletes things' });

const operation = (more: Partial<Operation> = {}): Operation => ({
  action: 'sql.execute',
  risk: 'write',
  text: 'delete from orders',
  facts: {
    database: 'app',
    verbs: ['delete'],
    relations: ['public.orders'],
    written: ['public.orders'],
    columns: [],
    functions: [],
    flags: [],
    has_where: true,
    statements: 1,
    unresolved: false,
    opaque: false,
    masked_columns: [],
    masked_columns_probed: [],
    masked_columns_looked_up: [],
    masked_columns_stored: [],
    masked_columns_computed: [],
  },
  resources: ['public.orders'],
  digest: createHash('sha256').update(randomUUID()).digest('hex') as Digest,
  pure: false,
  ...more,
});
const reasonOf = (live: LiveSession): GatewayError | undefined => live.ended.reason as GatewayError | undefined;
const outcomeOf = async (live: LiveSession, more: Partial<Operation> = {}): Promise<Decision> =>
  live.decide(operation(more));

describe('an AI session that is ended', () => {
  test('loses every session at once, on every connection and every replica, and every ticket', async () => {
    const [billing, shop] = await exec(talk);
    const unused = await exec(talk);
    const open = await Promise.all([
      admit(billing!.ticket),
      admit(shop!.ticket),
      admit(billing!.ticket, 1),
      admit(shop!.ticket, 1),
    ]);
    const { body } = await kill(await idOf(talk)).expect(200);
    expect(body.tickets_revoked).toBe(4);
    await vi.waitFor(() => {
      for (const live of open) expect(reasonOf(live)).toMatchObject({ code: 'SESSION_ENDED' });
    });
    for (const { ticket } of [...unused, billing!])
      await expect(admit(ticket, 1)).rejects.toMatchObject({ code: 'TICKET_INVALID' });
    await session
      .post('/v1/exec-tickets', { client: talk.client, ai_session: talk.session, command: 'psql' })
      .expect(409);
    for (const live of open) live.close();
  });

  test('is that one and no other: not of another conversation, another client, or another person with the same ids', async () => {
    const eve = await house.as(['user']);
    const same = { client: talk.client, session: talk.session };
    const others: [Conversation, Session][] = [
      [conversationOf(house.controlPlane.app, ada), session],
      [conversationOf(house.controlPlane.app, ada, { ...same, client: 'codex' }), session],
      [conversationOf(house.controlPlane.app, await identityOf(eve), same), eve],
    ];
    const open: LiveSession[] = [];
    for (const [of, by] of others) {
      await of.typed('list the orders', 'p-1');
      open.push(await admit((await exec(of, by))[0]!.ticket, 1));
    }
    const ended = await admit((await exec(talk))[0]!.ticket, 1);
    await kill(await idOf(talk)).expect(200);
    await vi.waitFor(() => expect(ended.ended.aborted).toBe(true));
    expect(open.map((live) => live.ended.aborted)).toEqual([false, false, false]);
    for (const live of [...open, ended]) live.close();
  });

  test('is refused in a session that carries several, on every replica, and the others go on', async () => {
    const body = { connection: 'shop', ai_client: talk.client };
    const { ticket } = (await session.post('/v1/tickets', body).expect(201)).body as { ticket: string };
    const carrying = await Promise.all([admit(ticket), admit(ticket, 1)]);
    const told = { mine: vi.fn(), other: vi.fn(), over: vi.fn() };
    for (const live of carrying) {
      live.untilEnded({ turn: { aiSession: talk.session } }, told.mine);
      live.untilEnded({ turn: { aiSession: talk.session } }, told.over)();
      live.untilEnded({ turn: { aiSession: 'another' } }, told.other);
    }
    const [mine, other]: TurnContext[] = [{ aiSession: talk.session }, { aiSession: 'another' }];
    for (const live of carrying)
      for (const turn of [mine!, other!]) expect(await outcomeOf(live, { turn })).toMatchObject({ outcome: 'allow' });

    await kill(await idOf(talk)).expect(200);
    await vi.waitFor(() => {
      const named = namedAiSession(ada.id, { client: talk.client, aiSession: talk.session })!;
      expect(replicas.map(({ app }) => app.get(EndedAiSessions).has(named))).toEqual([true, true]);
    });
    for (const live of carrying) {
      expect(await outcomeOf(live, { turn: mine! })).toMatchObject({
        outcome: 'deny',
        refusal: { code: 'SESSION_ENDED', message: 'this AI session has been ended for good' },
      });
      expect(await outcomeOf(live, { turn: other! })).toMatchObject({ outcome: 'allow' });
      expect(live.ended.aborted).toBe(false);
    }
    // What is under way for it hears of it on every replica, and nothing else does.
    expect(told.mine.mock.calls).toMatchObject([[{ code: 'SESSION_ENDED' }], [{ code: 'SESSION_ENDED' }]]);
    expect([told.other, told.over].map(({ mock }) => mock.calls)).toEqual([[], []]);
    // A replica that has not heard of it before asks the database.
    const fresh = await admit(ticket, 1);
    replicas[1].app.get(EndedAiSessions)['known'].clear();
    expect(await outcomeOf(fresh, { turn: mine! })).toMatchObject({ outcome: 'deny' });
    for (const live of [...carrying, fresh]) live.close();
  });

  test('does not slip through while a session of it is being made', async () => {
    const { ticket } = (await exec(talk))[0]!;
    const id = await idOf(talk);
    const slots = replicas[1].app.get(SessionSlots);
    const take = slots.take.bind(slots);
    const named = namedAiSession(ada.id, { client: talk.client, aiSession: talk.session })!;
    const taking = vi.spyOn(slots, 'take').mockImplementationOnce(async (asked) => {
      await take(asked);
      await kill(id).expect(200);
      await vi.waitFor(() => expect(replicas[1].app.get(EndedAiSessions).has(named)).toBe(true));
    });
    const live = await admit(ticket, 1);
    expect(taking).toHaveBeenCalled();
    expect(reasonOf(live)).toMatchObject({ code: 'SESSION_ENDED' });
    live.close();
  });

  test('is ended once, on record with who did it and why, which is kept sealed', async () => {
    const id = await idOf(talk);
    const { body: first } = await kill(id).expect(200);
    const { body: again } = await kill(id, session).expect(200);
    expect(again).toEqual({ ...first, tickets_revoked: 0 });
    const recorded = await house.database.query<{ event: string }>(
      `select event from evidence_entries where key_id = $1 and event = 'ai-session.ended'`,
      [`person:${ada.id}`],
    );
    expect(recorded).toHaveLength(1);
    const [row] = await house.database.query('select row_to_json(s)::text as text from ai_sessions s where id = $1', [
      id,
    ]);
    expect(row?.['text']).not.toContain('deletes');
  });

  test('may be ended by its person, by an administrator, and by nobody else', async () => {
    const id = await idOf(talk);
    const eve = await house.as(['user']);
    await kill(id, eve).expect(404);
    await kill(id, await house.as(['auditor', 'reviewer'])).expect(403);
    await kill(randomUUID()).expect(404);
    await session.post(`/v1/ai-sessions/${id}/kill`, {}).expect(400); // without a reason
    await kill(id, session).expect(200);
  });
});

describe('policies on a turn', () => {
  const writesOn = (replica: number): number | undefined => {
    const key = turnKeyOf(ada.id, { client: talk.client, aiSession: talk.session, turn: 'p-1' })!;
    return replicas[replica]!.app.get(TurnStates).soFar(key)?.writes;
  };

  test('count what was allowed in it on every connection and replica', async () => {
    const issued = await exec(talk);
    const open = await Promise.all([admit(issued[0]!.ticket), admit(issued[1]!.ticket, 1)]);
    expect(await outcomeOf(open[0])).toMatchObject({ outcome: 'allow' });
    expect(await outcomeOf(open[0], { risk: 'read' })).toMatchObject({ outcome: 'allow' });
    await vi.waitFor(() => expect(writesOn(1)).toBe(1));
    expect(await outcomeOf(open[1])).toMatchObject({ outcome: 'allow' });
    await vi.waitFor(() => expect(writesOn(0)).toBe(2));
    for (const live of open)
      expect(await outcomeOf(live)).toMatchObject({ outcome: 'deny', refusal: { message: 'two are enough' } });

    await talk.typed('go on', 'p-2');
    await talk.called({ input: { command: 'psql' }, clientTurn: 'p-2' });
    const next = await admit((await exec(talk))[0]!.ticket);
    expect(await outcomeOf(next)).toMatchObject({ outcome: 'allow' });
    for (const live of [...open, next]) live.close();
  });

  test('see that a tool of it has read what strangers write, on every replica', async () => {
    const live = await admit((await exec(talk))[0]!.ticket, 1);
    const destroying = { risk: 'destructive' as const };
    expect(await outcomeOf(live, destroying)).toMatchObject({ outcome: 'allow' });
    await talk.asked({ name: 'WebFetch', input: { url: 'https://example.test' }, clientTurn: 'p-1' });
    await vi.waitFor(async () =>
      expect(await outcomeOf(live, destroying)).toMatchObject({ policies: ['nothing-after-the-web'] }),
    );
    expect(await outcomeOf(live, { risk: 'read' })).toMatchObject({ outcome: 'allow' });
    live.close();
  });
});

/* eslint-disable @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-argument, @typescript-eslint/no-unsafe-assignment, @typescript-eslint/no-unsafe-call, @typescript-eslint/no-unsafe-return -- answers are JSON of any shape: that it is the right one is what is asserted */
import { randomUUID } from 'node:crypto';
import type { Assurance, Identity, SessionId, TicketId, TurnContext } from '@sallyport/core';
import { verifyBundle } from '@sallyport/evidence';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Session, type TestControlPlane, testControlPlane } from '../../testing/control-plane.js';
import { allow, closing, context, operation, startedBy } from '../../testing/evidence-replica.js';
import { type Conversation, conversationOf } from '../../testing/witnesses.js';
import { ConnectionVisibility } from '../connections/connection-visibility.js';
import { ConnectionsModule } from '../connections/connections.module.js';
import { EvidenceAccessModule } from '../evidence/evidence-access.module.js';
import { GrantsModule } from '../grants/grants.module.js';
import { IdentityModule } from '../identity/identity.module.js';
import { PeopleModule } from '../people/people.module.js';
import { PoliciesModule } from '../policies/policies.module.js';
import { Recorder } from '../recording/recorder.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { TicketsModule } from '../tickets/tickets.module.js';
import { TracesModule } from './traces.module.js';

let house: TestControlPlane;
let ada: Session;
let bob: Session;
let auditor: Session;
let identity: Identity;
let talk: Conversation;

beforeAll(async () => {
  house = await testControlPlane({
    features: [
      ConnectionsModule,
      EvidenceAccessModule,
      GrantsModule,
      IdentityModule,
      PeopleModule,
      PoliciesModule,
      SessionsModule,
      TicketsModule,
      TracesModule,
    ],
  });
  const admin = await house.as(['admin'], { sub: 'root' });
  const text = '@id("all") permit(principal, action, resource);';
  await admin.post('/v1/policies', { text, comment: 'the first' }).expect(201);
  house.controlPlane.app.get(ConnectionVisibility).decideBy(() => true);
  await admin
    .post('/v1/connections', { name: 'shop', protocol: 'postgres', target: 'main', databases: ['app'] })
    .expect(201);
  ada = await house.as(['user'], { sub: 'ada' });
  bob = await house.as(['user'], { sub: 'bob' });
  auditor = await house.as(['auditor'], { sub: 'grace' });
  identity = (await ada.get('/v1/whoami').expect(200)).body;
});
afterAll(() => house?.[Symbol.asyncDispose]());

const command = 'psql -c "select 1"';
const prompt = 'is the database there?';

beforeEach(async () => {
  talk = conversationOf(house.controlPlane.app, identity);
  await talk.typed(prompt, 'p-1');
});

interface Ran {
  readonly session: string;
  readonly operation: string;
}

/** What a command does with its ticket, as the gateway records it. */
async function ran(
  ticket: { readonly id: string; readonly assurance: Assurance; readonly turn: TurnContext },
  asked: Parameters<typeof operation> = ['select 1'],
): Promise<Ran> {
  const recorder = house.controlPlane.app.get(Recorder).session(randomUUID() as SessionId);
  const { assurance, turn } = ticket;
  await recorder.started({ ...startedBy(identity), ticket: ticket.id as TicketId, turn, assurance });
  const admitted = recorder.admitted(operation(...asked), allow, { ...context, assurance });
  await admitted.durable;
  await admitted.outcome({ status: 'done', rows: 1, maskedFields: 0, joinKey: 'pid 7' });
  await recorder.ended(closing);
  return { session: recorder.id, operation: admitted.id };
}

/** A tool call of the model, told by both witnesses, whose command has run. */
async function told(id = `toolu_${randomUUID()}`) {
  const call = await talk.called({ id, input: { command, description: 'looks' }, clientTurn: 'p-1' });
  const { tickets, assurance } = (
    await ada
      .post('/v1/exec-tickets', { client: talk.client, ai_session: talk.session, command, tool_call: id })
      .expect(201)
  ).body;
  const turn = { client: talk.client, aiSession: talk.session, turn: 'p-1', toolCall: id };
  return { call, ...(await ran({ id: tickets[0].id, assurance, turn })) };
}

const traceOf = async (kind: string, id: string, by = ada) =>
  (await by.get(`/v1/traces/${kind}/${id}`).expect(200)).body;
const shown = (kind: string, id: string, by = ada) =>
  expect.poll(async () => (await by.get(`/v1/traces/${kind}/${id}`)).status, { timeout: 5_000 }).toBe(200);

describe('a trace', () => {
  test('leads from the prompt to the operation, with its level and the evidence for it', async () => {
    const { call, operation: id } = await told();
    await shown('operation', id);
    const trace = await traceOf('ai-session', talk.session);
    expect(trace.identity).toMatchObject({ id: identity.id, name: 'ada@example.test' });
    expect(trace.ai_session).toMatchObject({ client: 'claude-code', client_session: talk.session, killed_at: null });
    const [turn] = trace.ai_session.turns;
    expect(turn).toMatchObject({ client_turn: 'p-1', origin: 'human', messages: [{ text: prompt, kind: 'human' }] });
    expect(turn.tool_calls).toMatchObject([
      {
        id: call.id,
        name: 'Bash',
        witnesses: { model: { operation: call.proposed_operation }, hook: {}, telemetry: null, agree: true },
        operations: [{ id, text: 'select 1', assurance: 'bound', outcome: { status: 'done' }, join_key: 'pid 7' }],
      },
    ]);
    expect(JSON.parse(turn.tool_calls[0].input)).toMatchObject({ command });
    expect(turn.tool_calls[0].operations[0].evidence).toContain('model and hook tell the same input');
    expect(trace.operations).toEqual([]);
  });

  test('leads from the operation, its session, its call or its turn back to the same prompt, and shows that branch alone', async () => {
    await told();
    const { call, operation: id, session } = await told();
    await shown('operation', id);
    const asked = [
      ['operation', id],
      ['any', id],
      ['session', session],
      ['tool-call', call.id],
      ['tool-call', call.tool_use_id],
      ['any', call.tool_use_id],
    ] as const;
    for (const [kind, name] of asked) {
      const [turn] = (await traceOf(kind, name)).ai_session.turns;
      expect([kind, turn.messages[0].text]).toEqual([kind, prompt]);
      const calls = turn.tool_calls.map((each: { id: string; operations: { id: string }[] }) => [
        each.id,
        each.operations[0]?.id,
      ]);
      expect([kind, calls]).toEqual([kind, [[call.id, id]]]);
    }
    expect((await traceOf('turn', call.turn_id)).ai_session.turns[0].tool_calls).toHaveLength(2);
  });

  test('shows a request to the model in the turn that goes on, though nothing in it names the turn', async () => {
    const turn = { client: talk.client, aiSession: talk.session };
    const ticket = (await ada.post('/v1/tickets', { connection: 'shop' }).expect(201)).body;
    const request = await ran({ id: ticket.id, assurance: 'identity', turn: {} }, [
      'claude: is the database there?',
      { action: 'model.request', turn },
    ]);
    await talk.typed('and is it still there?', 'p-2'); // at once: the request is not of this one
    await shown('operation', request.operation);
    const trace = await traceOf('ai-session', talk.session);
    expect(trace.ai_session.turns[1]).toMatchObject({ client_turn: 'p-2', model: [] });
    expect(trace.ai_session.turns[0].model).toMatchObject([{ id: request.operation, action: 'model.request' }]);
    expect((await traceOf('operation', request.operation)).ai_session.turns[0].messages[0].text).toBe(prompt);
  });

  test('finds what was long ago in an AI session that has gone on ever since', async () => {
    const { call, operation: id } = await told();
    await shown('operation', id);
    await house.database.query(
      `insert into ai_turns (id, ai_session_id, client_turn, named, origin, started_at)
       select gen_random_uuid(), $1, 'later-' || n, true, 'human', now() + n * interval '1 minute' from generate_series(1, 250) n`,
      [call.ai_session_id],
    );
    for (const [kind, name] of [
      ['turn', call.turn_id],
      ['tool-call', call.id],
      ['operation', id],
    ] as const) {
      const [turn] = (await traceOf(kind, name)).ai_session.turns;
      expect([kind, turn?.messages[0].text, turn?.tool_calls[0].operations[0].id]).toEqual([kind, prompt, id]);
    }
    const whole = await traceOf('ai-session', talk.session);
    expect([whole.truncated, whole.ai_session.turns.length, whole.ai_session.turns.at(-1).client_turn]).toEqual([
      true,
      200,
      'later-250',
    ]);
  });

  test('of an operation by no AI session that is known is that operation, and who asked', async () => {
    const ticket = (await ada.post('/v1/tickets', { connection: 'shop' }).expect(201)).body;
    const { operation: id } = await ran({ id: ticket.id, assurance: 'identity', turn: {} });
    await shown('operation', id);
    expect(await traceOf('operation', id)).toMatchObject({
      ai_session: null,
      operations: [{ id, assurance: 'identity', evidence: [expect.stringContaining(`ticket ${ticket.id}`)] }],
    });
  });
});

test('a bundle of one session has the prompt and the tool call that led to it, and proves offline', async () => {
  const { session, operation: id, call } = await told();
  await shown('operation', id);
  const bystander = conversationOf(house.controlPlane.app, identity);
  await bystander.typed('nothing to do with it', 'p-9');
  const keys = (await auditor.get('/v1/evidence/keys').expect(200)).body;
  const { text: bundle } = await auditor
    .get(`/v1/evidence/export?session=${session}`)
    .buffer(true)
    .parse((answer, done) => {
      const pieces: Buffer[] = [];
      answer.on('data', (piece: Buffer) => pieces.push(piece));
      answer.on('end', () => done(null, Buffer.concat(pieces).toString()));
    })
    .expect(200)
    .then(({ body }) => ({ text: body as string }));
  const lines = bundle.trimEnd().split('\n');
  async function* each() {
    yield* lines;
  }
  const report = await verifyBundle(each(), { logKeys: keys.log_keys.map(({ key }: { key: string }) => key) });
  expect(report).toMatchObject({ ok: true, findings: [] });
  const texts = lines.join('\n');
  expect(texts).toContain(prompt);
  expect(texts).toContain(call.tool_use_id);
  expect(texts).not.toContain('nothing to do with it');
});

describe('nobody sees', () => {
  test('the trace of somebody else, whose ids are as good as none; an auditor does', async () => {
    const { call, operation: id, session } = await told();
    await shown('operation', id);
    for (const [kind, name] of [
      ['operation', id],
      ['session', session],
      ['tool-call', call.tool_use_id],
      ['turn', call.turn_id],
      ['ai-session', talk.session],
      ['any', talk.session],
    ] as const)
      await bob.get(`/v1/traces/${kind}/${name}`).expect(404);
    expect((await traceOf('operation', id, auditor)).ai_session.client_session).toBe(talk.session);
  });

  test('what two people’s clients name alike as one: an auditor is told to choose', async () => {
    const other: Identity = (await bob.get('/v1/whoami').expect(200)).body;
    await conversationOf(house.controlPlane.app, other, { session: talk.session }).typed('mine', 'p-1');
    expect((await traceOf('ai-session', talk.session)).identity.id).toBe(identity.id);
    const { body } = await auditor.get(`/v1/traces/ai-session/${talk.session}`).expect(409);
    expect(body.detail).toContain('the name of several');
  });

  test.each(['', '%00', 'a%20b', `${'x'.repeat(201)}`])('anything by the id "%s"', async (id) => {
    await ada.get(`/v1/traces/any/${id}`).expect(404);
  });
});

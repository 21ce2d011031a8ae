/* eslint-disable @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-call, @typescript-eslint/no-unsafe-return -- answers are JSON of any shape: that it is the right one is what is asserted */
import { randomUUID } from 'node:crypto';
import type { Identity, PersonId, SessionId } from '@sallyport/core';
import { verifyBundle } from '@sallyport/evidence';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Notifications } from '../../platform/index.js';
import { type Session, type TestControlPlane, testControlPlane } from '../../testing/control-plane.js';
import { allow, closing, context, deny, operation, person, startedBy } from '../../testing/evidence-replica.js';
import { EvidenceAccessModule } from '../evidence/evidence-access.module.js';
import { LogHealth } from '../evidence/log-health.js';
import { IdentityModule } from '../identity/identity.module.js';
import { PoliciesModule } from '../policies/policies.module.js';
import { Recorder } from '../recording/recorder.js';
import { sessionEndRequested } from './session-ends.js';
import { SessionsModule } from './sessions.module.js';

let house: TestControlPlane;
let ada: Session;
let bob: Session;
let auditor: Session;
let admin: Session;
let reviewer: Session;
let adaAsRecorded: Identity;

beforeAll(async () => {
  house = await testControlPlane({ features: [IdentityModule, PoliciesModule, SessionsModule, EvidenceAccessModule] });
  ada = await house.as(['user'], { sub: 'ada' });
  bob = await house.as(['user'], { sub: 'bob' });
  auditor = await house.as(['auditor'], { sub: 'grace' });
  admin = await house.as(['admin'], { sub: 'root' });
  reviewer = await house.as(['reviewer'], { sub: 'rob' });
  const packs = (await admin.get('/v1/policies/packs').expect(200)).body;
  const text = (packs.items ?? packs)[0].text;
  const { version } = (await admin.post('/v1/policies', { text, comment: 'the first' })).body;
  expect(version).toBe(1);
  const { body } = await ada.get('/v1/whoami').expect(200);
  adaAsRecorded = { ...person('ada'), id: body.id as PersonId };
});
afterAll(() => house?.[Symbol.asyncDispose]());

const row = (text: string): Buffer => {
  const value = Buffer.from(text);
  const message = Buffer.alloc(11 + value.length);
  message.write('D');
  message.writeInt32BE(10 + value.length, 1);
  message.writeInt16BE(1, 5);
  message.writeInt32BE(value.length, 7);
  value.copy(message, 11);
  return message;
};

const record = async (
  identity = adaAsRecorded,
  name = 'patients',
): Promise<{ id: SessionId; end(): Promise<void> }> => {
  const recorder = house.controlPlane.app.get(Recorder).session(randomUUID() as SessionId);
  const started = startedBy(identity);
  await recorder.started({ ...started, connection: { ...started.connection, name } });
  const read = recorder.admitted(operation('select email from patients'), allow, context);
  await read.durable;
  await recorder.response(read.id, row('[redacted]'), new Date());
  await read.outcome({ status: 'done', rows: 1, maskedFields: 1, maskedBy: ['email'], durationMs: 3 });
  await recorder.admitted(operation('drop table patients', { risk: 'destructive' }), deny, context).durable;
  return { id: recorder.id, end: () => recorder.ended(closing) };
};
const ended = async (...about: Parameters<typeof record>): Promise<SessionId> => {
  const session = await record(...about);
  await session.end();
  return session.id;
};

/** The keys first, then a bundle that has nothing else to go by. */
const verified = async (query: string) => {
  const keys = (await auditor.get('/v1/evidence/keys').expect(200)).body;
  const { text } = await auditor
    .get(`/v1/evidence/export${query}`)
    .buffer(true)
    .parse((response, done) => {
      const parts: Buffer[] = [];
      response
        .on('data', (part: Buffer) => parts.push(part))
        .on('end', () => done(null, Buffer.concat(parts).toString()));
    })
    .then(({ body }) => ({ text: body as string }));
  async function* lines() {
    yield* text.trimEnd().split('\n');
  }
  return verifyBundle(lines(), { logKeys: keys.log_keys.map(({ key }: { key: string }) => key) });
};

describe('sessions', () => {
  test('are shown with who, where, when and how they ended', async () => {
    const id = await ended();
    await expect.poll(async () => (await ada.get(`/v1/sessions/${id}`).expect(200)).body.state).toBe('ended');
    const { body } = await ada.get(`/v1/sessions/${id}`).expect(200);
    expect(body).toMatchObject({
      id,
      identity: { id: adaAsRecorded.id, class: 'person', name: 'ada@example.test' },
      connection: 'patients',
      database: 'hospital',
      ai_session: 'ai-1',
      client: { name: 'psql', address: '127.0.0.1' },
      end_reason: 'CLIENT_LEFT',
      operations: 2,
      denied: 1,
    });
  });

  test('show their operations with statement, decision and outcome, a page at a time', async () => {
    const id = await ended();
    await expect.poll(async () => (await ada.get(`/v1/sessions/${id}/operations`)).body.items.length).toBe(2);
    const first = (await ada.get(`/v1/sessions/${id}/operations?limit=1`).expect(200)).body;
    expect(first.items).toMatchObject([
      {
        number: 1,
        text: 'select email from patients',
        decision: { outcome: 'allowed', policies: ['allow-reads'] },
        outcome: { status: 'done', rows: 1, masked_fields: 1, masked_by: ['email'] },
      },
    ]);
    const second = (await ada.get(`/v1/sessions/${id}/operations?limit=1&cursor=${first.next_cursor}`).expect(200))
      .body;
    expect(second).toMatchObject({
      items: [{ number: 2, decision: { outcome: 'denied', refusal: { code: 'POLICY_DENIED' } }, outcome: null }],
      next_cursor: null,
    });
  });

  test('replay as they went, with the masked answer; looking is on record', async () => {
    const id = await ended();
    await expect.poll(async () => (await auditor.get(`/v1/sessions/${id}/replay`)).body.items?.length).toBe(5);
    const { body } = await auditor.get(`/v1/sessions/${id}/replay`).expect(200);
    expect(body.items).toMatchObject([
      { event: 'session.started', connection: { name: 'patients' } },
      { event: 'operation.allowed', text: 'select email from patients', decision: { outcome: 'allow' } },
      { event: 'operation.completed', outcome: { status: 'done', masked_fields: 1 }, response: '[redacted]' },
      { event: 'operation.denied', decision: { outcome: 'deny', refusal: { message: 'dropping is not allowed' } } },
      { event: 'session.ended', operations: 2 },
    ]);
    const looks = await house.database.query("select id from evidence_entries where event = 'evidence.exported'");
    expect(looks.length).toBeGreaterThan(0);
  });

  test('say what to look at in a model’s answer, and still verify; so do those of before, which say nothing of it', async () => {
    const recorder = house.controlPlane.app.get(Recorder).session(randomUUID() as SessionId);
    await recorder.started(startedBy(adaAsRecorded));
    for (const flags of [['remote-image'], undefined] as const) {
      const asked = recorder.admitted(
        operation('anthropic.messages claude', { action: 'model.request' }),
        allow,
        context,
      );
      await asked.durable;
      await asked.outcome({ status: 'done', maskedFields: 0, ...(flags === undefined ? {} : { flags }) });
    }
    await recorder.ended(closing);
    interface Told {
      readonly event?: string;
      readonly outcome: { readonly flags?: unknown } | null;
    }
    const operations = async (): Promise<Told[]> =>
      (await ada.get(`/v1/sessions/${recorder.id}/operations`)).body.items ?? [];
    await expect.poll(async () => (await operations()).filter(({ outcome }) => outcome !== null).length).toBe(2);
    expect((await operations()).map(({ outcome }) => outcome!.flags)).toEqual([['remote-image'], null]);
    const replayed: Told[] = (await auditor.get(`/v1/sessions/${recorder.id}/replay`).expect(200)).body.items;
    const told = replayed.filter(({ event }) => event === 'operation.completed');
    expect(told.map(({ outcome }) => outcome!.flags)).toEqual([['remote-image'], undefined]);
    expect((await verified(`?session=${recorder.id}`)).findings).toEqual([]);
  });

  test('replay an outcome in its own place, whichever entry tells it', async () => {
    const recorder = house.controlPlane.app.get(Recorder).session(randomUUID() as SessionId);
    await recorder.started(startedBy(adaAsRecorded));
    const first = recorder.admitted(operation('select 1'), allow, context);
    await first.durable;
    const outcome = first.outcome({ status: 'done', rows: 7, maskedFields: 0 });
    await recorder.admitted(operation('drop table patients', { risk: 'destructive' }), deny, context).durable;
    await outcome;
    await recorder.ended(closing);
    await expect.poll(async () => (await auditor.get(`/v1/sessions/${recorder.id}/replay`)).body.items?.length).toBe(5);
    const { body } = await auditor.get(`/v1/sessions/${recorder.id}/replay`).expect(200);
    expect(body.items).toMatchObject([
      { event: 'session.started' },
      { event: 'operation.allowed', text: 'select 1' },
      { event: 'operation.completed', operation: first.id, outcome: { status: 'done', rows: 7 } },
      { event: 'operation.denied' },
      { event: 'session.ended' },
    ]);
  });

  test('are listed by person, connection, state and time, newest first, a page at a time', async () => {
    const carol = person('carol');
    const from = new Date().toISOString();
    const one = await ended(carol, 'orders');
    const two = await record(carol, 'orders');
    const idsOf = async (query: string): Promise<string[]> =>
      (await auditor.get(`/v1/sessions?${query}`).expect(200)).body.items.map(({ id }: { id: string }) => id);
    await expect.poll(async () => (await idsOf(`person=${carol.id}`)).sort()).toEqual([one, two.id].sort());
    expect(await idsOf('connection=orders&state=open')).toEqual([two.id]);
    expect(await idsOf(`connection=orders&state=ended&from=${from}`)).toEqual([one]);
    expect(await idsOf(`connection=orders&to=${from}`)).toEqual([]);
    const page = (await auditor.get('/v1/sessions?connection=orders&limit=1').expect(200)).body;
    expect(await idsOf(`connection=orders&limit=1&cursor=${page.next_cursor}`)).toHaveLength(1);
    await auditor.get('/v1/sessions?state=sleeping').expect(400);
    await two.end();
  });

  test('of somebody else do not exist for a user, and exist for auditors and administrators', async () => {
    const id = await ended();
    await expect.poll(async () => (await ada.get(`/v1/sessions/${id}`)).status).toBe(200);
    for (const path of ['', '/operations', '/replay']) await bob.get(`/v1/sessions/${id}${path}`).expect(404);
    await bob.delete(`/v1/sessions/${id}`).expect(404);
    expect((await bob.get('/v1/sessions').expect(200)).body.items).toEqual([]);
    for (const who of [auditor, admin]) await who.get(`/v1/sessions/${id}`).expect(200);
    await reviewer.get('/v1/sessions').expect(403);
    await auditor.delete(`/v1/sessions/${id}`).expect(403);
    await ada.get(`/v1/sessions/${randomUUID()}`).expect(404);
    await ada.get('/v1/sessions/nonsense').expect(404);
  });

  test('are ended by their person and by an administrator: every replica hears it', async () => {
    const heard: unknown[] = [];
    house.controlPlane.app.get(Notifications).subscribe(sessionEndRequested, (payload) => void heard.push(payload));
    const [own, another] = [await record(), await record()];
    await ada.delete(`/v1/sessions/${own.id}`).expect(204);
    await admin.delete(`/v1/sessions/${another.id}`).expect(204);
    await expect.poll(() => heard).toEqual([{ session: own.id }, { session: another.id }]);
    await Promise.all([own.end(), another.end()]);
  });
});

describe('evidence by HTTP', () => {
  test('keys are pinned first, then a bundle verifies with nothing else', async () => {
    const id = await ended();
    expect((await verified('')).findings).toEqual([]);
    expect(await verified(`?session=${id}`)).toMatchObject({ ok: true, kind: 'selection', findings: [] });
  });

  test('the checkpoint is a signed note', async () => {
    await expect.poll(async () => (await auditor.get('/v1/evidence/checkpoint')).status).toBe(200);
    const { text } = await auditor
      .get('/v1/evidence/checkpoint')
      .expect(200)
      .expect('content-type', /text\/plain/);
    expect(text).toMatch(/^localhost\/sallyport\n\d+\n[A-Za-z0-9+/=]{44}\n\n— localhost\/sallyport /);
  });

  test('erasure is an administrator’s, and leaves nothing to read', async () => {
    const id = await ended();
    await auditor.delete(`/v1/evidence/keys/${id}`).expect(403);
    await expect.poll(async () => (await admin.get(`/v1/sessions/${id}`)).body.state).toBe('ended');
    await admin.delete(`/v1/evidence/keys/${id}?reason=asked`).expect(204);
    await admin.delete(`/v1/evidence/keys/${id}`).expect(404);
    await expect
      .poll(async () => (await admin.get(`/v1/sessions/${id}`)).body)
      .toMatchObject({ identity: null, client: null, connection: null });
    await ada.get(`/v1/sessions/${id}`).expect(404);
    expect(JSON.stringify((await auditor.get(`/v1/sessions/${id}/replay`)).body)).not.toContain('patients');
    await admin.delete('/v1/evidence/keys/log').expect(404);
  });

  test('nothing is accepted as restored while the log is sound, and users see none of it', async () => {
    await admin.post('/v1/evidence/restored', { reason: 'why not' }).expect(409);
    expect(house.controlPlane.app.get(LogHealth).state()).toEqual({ sound: true, alarms: [] });
    for (const path of ['checkpoint', 'keys', 'export', 'health']) await ada.get(`/v1/evidence/${path}`).expect(403);
    await auditor.post('/v1/evidence/restored', { reason: 'mine' }).expect(403);
  });

  test('the tables are made anew by an administrator', async () => {
    await auditor.post('/v1/sessions/rebuild').expect(403);
    const { body } = await admin.post('/v1/sessions/rebuild').expect(200);
    expect(body.entries).toBeGreaterThan(0);
  });
});

import { randomUUID } from 'node:crypto';
import type { Identity, OperationId, ProtocolName, ReviewId, SessionId } from '@sallyport/core';
import { type EventBody, type Report, verifyBundle } from '@sallyport/evidence';
import { DataSource } from 'typeorm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ControlPlane } from '../../control-plane.js';
import { Clock } from '../../platform/index.js';
import { type TestControlPlane, testControlPlane } from '../../testing/control-plane.js';
import { allow, closing, context, deny, operation, person, startedBy } from '../../testing/evidence-replica.js';
import { conversationOf } from '../../testing/witnesses.js';
import { HeardMessages } from '../ai-sessions/heard-messages.service.js';
import { inputContext, messageContext, PersonalTexts } from '../ai-sessions/personal-texts.js';
import { Checkpoints } from '../evidence/checkpoints.js';
import { Erasure } from '../evidence/erasure.js';
import { EvidenceModule } from '../evidence/evidence.module.js';
import { EvidenceAccessModule } from '../evidence/evidence-access.module.js';
import { EvidenceExport } from '../evidence/evidence-export.js';
import { EvidenceWriter } from '../evidence/evidence-writer.js';
import { Leader } from '../evidence/leader.js';
import { bodyFor, LogReader } from '../evidence/log-reader.js';
import { SessionKeys } from '../evidence/session-keys.js';
import { VerificationKeysReader } from '../evidence/verification-keys.js';
import { IdentityModule } from '../identity/identity.module.js';
import { PoliciesModule } from '../policies/policies.module.js';
import { Recorder, type SessionRecorder } from '../recording/recorder.js';
import type { ReviewRow } from '../reviews/review-row.js';
import { ReviewsModule } from '../reviews/reviews.module.js';
import { ShownTexts } from '../reviews/shown-texts.js';
import { ProjectionRebuild } from '../sessions/projection-rebuild.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { TicketsModule } from '../tickets/tickets.module.js';
import { PromptRetention } from './prompt-retention.js';
import { RetentionModule } from './retention.module.js';

const dayMs = 24 * 3_600_000;
const auditor = person('grace', ['auditor']);

let house: TestControlPlane;
let identity: Identity;
/** How far the clocks of all replicas are ahead. They only go forward: the log has its order in time. */
let ahead = 0;

const get = <T>(type: abstract new (...values: never[]) => T, { app }: ControlPlane = house.controlPlane): T =>
  app.get(type as never, { strict: false });

const started = async (environment: Readonly<Record<string, string>>): Promise<void> => {
  vi.spyOn(Clock.prototype, 'now').mockImplementation(() => new Date(Date.now() + ahead));
  house = await testControlPlane({
    features: [
      EvidenceModule,
      EvidenceAccessModule,
      IdentityModule,
      PoliciesModule,
      RetentionModule,
      ReviewsModule,
      SessionsModule,
      TicketsModule,
    ],
    environment,
  });
  const admin = await house.as(['admin'], { sub: 'root' });
  await admin
    .post('/v1/policies', { text: '@id("all") permit(principal, action, resource);', comment: 'the first' })
    .expect(201);
  identity = (await (await house.as(['user'], { sub: 'ada' })).get('/v1/whoami').expect(200)).body as Identity;
};

/** Waits until everything that is committed has its place. */
const settled = (): Promise<unknown> => get(Checkpoints).fresh();

const bundle = async (session?: SessionId): Promise<string[]> => {
  const lines: string[] = [];
  for await (const line of await get(EvidenceExport).open(session === undefined ? {} : { session }, auditor))
    lines.push(line);
  return lines;
};
const verified = async (session?: SessionId): Promise<Report> => {
  const lines = await bundle(session);
  const { log_keys } = await get(VerificationKeysReader).read();
  async function* each() {
    yield* lines;
  }
  return verifyBundle(each(), { logKeys: log_keys.map(({ key }) => key) });
};

/** Every table, row by row, as PostgreSQL writes it. */
const dumped = async (): Promise<string> => {
  const tables = await house.database.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = 'public'`,
  );
  const rows: string[] = [];
  for (const { name } of tables)
    for (const { row } of await house.database.query<{ row: string }>(`select t::text as row from ${name} t`))
      rows.push(row);
  return rows.join('\n');
};

/** Everything that this installation, with all of its keys, can still read of what was said. */
const readable = async (): Promise<string> => {
  const database = get(DataSource);
  const personal = await get(PersonalTexts).of(identity.id);
  const messages = await database.query<{ turn_id: string; seq: number; text: Buffer | null }[]>(
    'select turn_id, seq, text from ai_turn_messages',
  );
  const calls = await database.query<{ id: string; input: Buffer | null }[]>('select id, input from ai_tool_calls');
  const reviews = await database.query<ReviewRow[]>('select id, session_id, shown, shown_key from reviews');
  const shown = await Promise.all(reviews.map((row) => get(ShownTexts).open(row)));
  const texts = [
    ...(await bundle()),
    ...messages.map(({ turn_id, seq, text }) => personal.open(messageContext(turn_id, seq), text) ?? ''),
    ...calls.map(({ id, input }) => personal.open(inputContext(id), input) ?? ''),
    ...shown.map((one) => one?.text ?? ''),
    await dumped(),
  ];
  // What was recorded of answers is in the bundle as base64.
  const decoded = texts.flatMap((text) => text.match(/[A-Za-z0-9+/=]{24,}/g) ?? []);
  return [...texts, ...decoded.map((text) => Buffer.from(text, 'base64').toString('latin1'))].join('\n');
};

const foundIn = (text: string, canaries: readonly string[]): string[] => canaries.filter((one) => text.includes(one));

const recorder = async (protocol: ProtocolName): Promise<SessionRecorder> => {
  const session = get(Recorder).session(randomUUID() as SessionId);
  const begun = startedBy(identity);
  await session.started({ ...begun, connection: { ...begun.connection, name: protocol, protocol } });
  return session;
};

/** One operation with its outcome, and its recorded answer where there is one. */
async function asked(session: SessionRecorder, action: string, text: string, answer?: string): Promise<OperationId> {
  const one = session.admitted(operation(text, { action, facts: {} }), allow, context);
  await one.durable;
  if (answer !== undefined) await session.response(one.id, Buffer.from(answer), new Date());
  await one.outcome({ status: 'done', maskedFields: 0, bytes: 7, flags: ['remote-image'] });
  return one.id;
}

/** A review of what a model was asked, as its requester's replica keeps it. */
async function reviewed(session: SessionId, text: string): Promise<void> {
  const id = randomUUID() as ReviewId;
  const sealed = await get(ShownTexts).seal(id, session, operation(text, { action: 'model.request' }));
  const digest = 'd'.repeat(64);
  await house.database.query(
    `insert into reviews (id, binding, operation_digest, session_id, operation_id, requester_id, requester_class, requester_name,
       connection_id, connection_name, database, action, risk, shown, shown_key, policies, policy_version, groups, approvals,
       timeout_ms, on_timeout, expires_at)
     values ($1, $2, $3, $4, $5, $6, 'person', 'ada', $5, 'claude', '', 'model.request', 'read', $7, $8, '{p}', 1, '{sre}', 1, 1000,
       'deny', now() + interval '1 minute')`,
    [
      id,
      randomUUID().replaceAll('-', '').repeat(2),
      digest,
      session,
      randomUUID(),
      identity.id,
      sealed.shown,
      sealed.shown_key,
    ],
  );
}

let conversations = 0;

/** A prompt by hook and one by model traffic, a tool call that both tell and one of which they differ. */
async function spoken(canary: string) {
  const talk = conversationOf(house.controlPlane.app, identity, { session: `talk-${++conversations}` });
  await talk.typed(`typed ${canary}`, 'p-1');
  const speaker = { identity, client: talk.client, clientSession: talk.session };
  await get(HeardMessages).hear(speaker, { text: `heard ${canary}`, isNotification: false });
  const same = await talk.called({ input: { command: `echo ${canary}` } });
  const { tool_use_id: id } = await talk.proposed({ input: { command: `cat ${canary}` } });
  const differs = await talk.asked({ id, input: { command: `rm ${canary}` } });
  return { talk, same, differs };
}

const swept = async (replica = house.controlPlane): Promise<void> => {
  while (await get(PromptRetention, replica).sweep(get(DataSource, replica).manager));
};

const told = async <E extends 'key.destroyed' | 'prompts.erased'>(event: E): Promise<EventBody<E>[]> => {
  const { log, size } = await get(Checkpoints).fresh();
  const found: EventBody<E>[] = [];
  for await (const entry of get(LogReader).entries({ log, size, where: 'e.event = $4', parameters: [event] }))
    found.push(bodyFor(entry, event)!);
  return found;
};

const projected = async (): Promise<unknown> =>
  Promise.all(['sessions', 'operations'].map((table) => house.database.query(`select * from ${table} order by id`)));

describe('prompts that are older than the installation keeps them', () => {
  const kept = ['canary-sql', 'canary-aws', 'canary-young', 'canary-running', 'canary-active', 'canary-new-words'];
  const old = [
    'canary-old',
    'canary-request',
    'canary-answer',
    'canary-call',
    'canary-bedrock',
    'canary-converse',
    'canary-shown',
  ];
  let of: Awaited<ReturnType<typeof spoken>>;
  let model: SessionRecorder;
  let running: SessionRecorder;
  let aws: SessionRecorder;
  let calls: { readonly request: OperationId; readonly recorded: OperationId; readonly call: OperationId };
  let before: string;

  beforeAll(async () => {
    ahead = 0;
    await started({ SALLYPORT_PROMPT_DAYS: '30' });
    of = await spoken('canary-old');
    model = await recorder('anthropic');
    calls = {
      request: await asked(model, 'model.request', 'human: canary-request'),
      recorded: await asked(model, 'model.request', 'human: again', 'the model says canary-answer'),
      call: await asked(model, 'model.tool_call', 'Bash: canary-call'),
    };
    await reviewed(model.id, 'human: canary-shown');
    await model.ended(closing);
    aws = await recorder('aws');
    const call = aws.admitted(
      operation('s3:ListBuckets canary-aws', { action: 'aws.call', facts: {} }),
      allow,
      context,
    );
    await call.durable;
    const outcome = call.outcome({ status: 'done', maskedFields: 0 }); // on its way while the next one is decided
    await asked(aws, 'model.request', 'human: canary-bedrock');
    await outcome;
    const converse = operation('bedrock-runtime:Converse canary-converse', { action: 'aws.call', holdsPrompt: true });
    await aws.admitted({ ...converse, facts: {} }, deny, context).durable;
    await aws.ended(closing);
    const sql = await recorder('postgres');
    await asked(sql, 'sql.execute', "select 'canary-sql'");
    await sql.ended(closing);
    running = await recorder('openai');
    await asked(running, 'model.request', 'human: canary-running');
    const active = await spoken('canary-active');
    await settled();

    ahead = 40 * dayMs;
    await active.talk.typed('canary-new-words', 'p-2');
    await spoken('canary-young');
    const young = await recorder('anthropic');
    await asked(young, 'model.request', 'human: canary-young');
    await young.ended(closing);
    await settled();
    before = await readable();
    const replica = await house.replica();
    // One that runs is left alone even where the list of sessions does not know it.
    await house.database.query(`create table unlisted as select * from sessions where ended_at is null`);
    await house.database.query('delete from sessions where ended_at is null');
    await Promise.all([swept(), swept(replica), swept(), swept(replica)]);
    await house.database.query('insert into sessions select * from unlisted; drop table unlisted');
    await settled();
  });
  afterAll(async () => {
    await running?.ended(closing);
    await house?.[Symbol.asyncDispose]();
    vi.restoreAllMocks();
  });

  test('were there, and cannot be read any more by anybody; younger ones, and what runs, are as they were', async () => {
    expect(foundIn(before, [...old, ...kept])).toEqual([...old, ...kept]);
    const after = await readable();
    expect(foundIn(after, old)).toEqual([]);
    expect(foundIn(after, kept)).toEqual(kept);
    expect(foundIn((await bundle()).join('\n'), kept)).toEqual(kept); // the log as well as the tables
    expect(foundIn(await dumped(), [...old, ...kept])).toEqual([]);
    expect(foundIn(house.logged(), [...old, ...kept])).toEqual([]);
  });

  test('are out of the tables with their fingerprints; what happened, and whether the witnesses agreed, stays', async () => {
    const messages = await house.database.query(
      `select m.text, m.text_hmac = decode(repeat('00', 32), 'hex') as erased from ai_turn_messages m join ai_turns t on t.id = m.turn_id
       where t.ai_session_id = $1 order by m.seq`,
      [of.same.ai_session_id],
    );
    expect(messages).toEqual([
      { text: null, erased: true },
      { text: null, erased: true },
    ]);
    for (const [call, agrees] of [
      [of.same, true],
      [of.differs, false],
    ] as const) {
      const [row] = await house.database.query<typeof call>('select * from ai_tool_calls where id = $1', [call.id]);
      expect(row).toMatchObject({ name: 'Bash', input: null, agrees, contradicted: call.contradicted });
      for (const mark of ['hook_input_hmac', 'model_input_hmac', 'hook_command_hmac', 'model_command_hmac'] as const)
        expect(row![mark]).not.toEqual(call[mark]);
    }
  });

  test('are erased and not missing: the whole log verifies, and so does each session', async () => {
    for (const session of [undefined, model.id, aws.id, running.id]) {
      const report = await verified(session);
      expect(report.findings).toEqual([]);
      if (session !== running.id) expect(report.counts.erased).toBeGreaterThan(0);
    }
  });

  test('leave in the lists that something was asked, and what came of it', async () => {
    const rows = await house.database.query(
      'select id, action, digest, decision, status, flags from operations where session_id = $1 order by seq',
      [model.id],
    );
    const erased = { action: null, digest: null, decision: 'allowed' };
    expect(rows).toEqual([
      { id: calls.request, ...erased, status: 'done', flags: ['remote-image'] },
      { id: calls.recorded, ...erased, status: null, flags: null }, // its outcome has the answer's digests
      { id: calls.call, ...erased, status: 'done', flags: ['remote-image'] },
    ]);
    const ofAws = await house.database.query(
      'select action, decision, status from operations where session_id = $1 order by seq',
      [aws.id],
    );
    expect(ofAws).toEqual([
      { action: 'aws.call', decision: 'allowed', status: 'done' },
      { action: null, decision: 'allowed', status: 'done' },
      { action: null, decision: 'denied', status: null },
    ]);
    const grown = await projected();
    await get(ProjectionRebuild).rebuild();
    expect(await projected()).toEqual(grown);
  });

  test('are told to be erased, by which rule, and each once, however many replicas look', async () => {
    const destroyed = await told('key.destroyed');
    const rule = { setting: 'SALLYPORT_PROMPT_DAYS', days: 30, before: expect.stringMatching(/T00:00:00\.000Z$/) };
    for (const body of destroyed)
      expect(body).toMatchObject({ by: { id: 'system' }, reason: 'older than 30 days', rule });
    const keys = destroyed.flatMap(({ key, further = [] }) => [key, ...further]);
    expect([...keys].sort()).toEqual([...new Set(keys)].sort());
    expect(keys).toEqual(expect.arrayContaining([`${model.id}/prompts`, `${aws.id}/prompts`]));
    expect(keys.filter((key) => key.startsWith(`person:${identity.id}/prompts/${of.same.ai_session_id}/`))).not.toEqual(
      [],
    );
    const left = await house.database.query(
      'select id from session_keys where parent is not null and wrapped is null order by id',
    );
    expect(left).toEqual([...keys].sort().map((id) => ({ id })));

    const erased = await told('prompts.erased');
    expect(erased[0]).toMatchObject({ rule, aiSessions: [of.same.ai_session_id] });
    const sum = (of: 'messages' | 'inputs'): number => erased.reduce((all, one) => all + one[of], 0);
    expect([sum('messages'), sum('inputs')]).toEqual([2, 2]);
  });

  test('can be asked about as before: the same AI session goes on, and what is said then is kept', async () => {
    const next = conversationOf(house.controlPlane.app, identity, { session: of.talk.session });
    await next.typed('typed canary-old', 'p-9');
    const call = await next.called({ input: { command: 'echo again' } });
    expect(call).toMatchObject({ agrees: true });
    await settled();
    expect(await readable()).toContain('typed canary-old');
    expect((await verified()).findings).toEqual([]);
  });

  test('are not brought back by the application: it can take a text out, and put none in', async () => {
    const sql = get(DataSource);
    const change = (what: string) =>
      sql.query(
        `update ai_turn_messages set ${what} where turn_id in (select id from ai_turns where ai_session_id = $1)`,
        [of.same.ai_session_id],
      );
    await expect(change(`text = '\\x00'`)).rejects.toMatchObject({ code: '23514' });
    await expect(change(`text_hmac = decode(repeat('02', 32), 'hex')`)).rejects.toMatchObject({ code: '23514' });
    await expect(
      sql.query('update ai_tool_calls set model_input_hmac = hook_input_hmac where id = $1', [of.differs.id]),
    ).rejects.toMatchObject({ code: '23514' });
  });

  test('go with their person’s key before their time, and nothing is sealed below it afterwards', async () => {
    await get(Erasure).destroy(`person:${identity.id}`, auditor, 'asked for it');
    await settled();
    const living = await house.database.query('select id from session_keys where parent = $1 and wrapped is not null', [
      `person:${identity.id}`,
    ]);
    expect(living).toEqual([]);
    expect(foundIn((await bundle()).join('\n'), ['typed canary-young', 'typed canary-active'])).toEqual([]);
    // Told by somebody who had not heard of it yet.
    const named = { aiSession: randomUUID(), person: identity.id, client: 'claude-code', clientSession: 's' };
    const message = { turn: randomUUID(), clientTurn: 'p', message: 1, kind: 'human', source: 'hook' } as const;
    await get(EvidenceWriter).append(get(DataSource), {
      event: 'ai-turn.prompted',
      body: { ...named, ...message, text: 'canary-late', digest: '' },
    });
    await settled();
    expect(await readable()).not.toContain('canary-late');
    const keys = get(SessionKeys);
    expect(
      await keys.obtainWithin(`person:${identity.id}/prompts/x/2030-01-01`, `person:${identity.id}`),
    ).toBeUndefined();
    expect((await verified()).findings).toEqual([]);
  });
});

describe('the leader', () => {
  beforeEach(() => {
    ahead = 0;
  });
  afterEach(async () => {
    await house?.[Symbol.asyncDispose]();
    vi.restoreAllMocks();
  });

  test('erases by itself what has become too old, and another one does when it leads', async () => {
    await started({ SALLYPORT_PROMPT_DAYS: '1' });
    await spoken('canary-old');
    const replica = await house.replica();
    expect(get(Leader, replica).isLeading).toBe(false);
    ahead = 3 * dayMs;
    await house.controlPlane.close();
    const kept = () => house.database.query('select turn_id from ai_turn_messages where text is not null');
    await expect.poll(kept, { timeout: 30_000 }).toEqual([]);
    await expect
      .poll(() => house.database.query('select id from session_keys where parent is not null and wrapped is not null'))
      .toEqual([]);
  });

  test('does it in small batches, past those that are to stay', async () => {
    await started({ SALLYPORT_PROMPT_DAYS: '30' });
    const { same } = await spoken('canary-active');
    const parent = `person:${identity.id}`;
    const keys = get(SessionKeys);
    for (let count = 0; count < 230; count += 1)
      await keys.obtainWithin(`${parent}/prompts/${randomUUID()}/2020-01-01`, parent);
    ahead = 40 * dayMs;
    await house.database.query('update ai_sessions set last_seen_at = $1', [new Date(Date.now() + ahead)]);
    const batches = async (): Promise<boolean[]> => {
      const more = await get(PromptRetention).sweep(get(DataSource).manager);
      return more ? [more, ...(await batches())] : [more];
    };
    expect(await batches()).toEqual([true, true, false]);
    const sizes = (await told('key.destroyed')).map(({ further = [] }) => further.length + 1);
    expect([Math.max(...sizes) <= 100, sizes.reduce((all, one) => all + one, 0)]).toEqual([true, 230]);
    const left = await house.database.query<{ id: string }>(
      'select id from session_keys where parent is not null and wrapped is not null',
    );
    expect(left.map(({ id }) => id.split('/')[2])).toEqual([same.ai_session_id]);
    expect(await batches()).toEqual([false]);
  });

  test('erases nothing where no age is configured', async () => {
    await started({});
    await spoken('canary-old');
    ahead = 4000 * dayMs;
    await swept();
    expect(await readable()).toContain('typed canary-old');
    expect(await told('prompts.erased')).toEqual([]);
  });
});

import { createHash, randomUUID } from 'node:crypto';
import type {
  ConnectionId,
  Decision,
  Digest,
  Identity,
  Operation,
  OperationId,
  PersonId,
  PolicyId,
  ReviewId,
  ReviewRequirement,
  Role,
  SessionId,
} from '@sallyport/core';
import { GatewayError } from '@sallyport/core';
import type { Settled, Waiting } from '@sallyport/engine';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ControlPlane } from '../../control-plane.js';
import { type Session, sessionWith, type TestControlPlane, testControlPlane } from '../../testing/control-plane.js';
import { conversationOf } from '../../testing/witnesses.js';
import { bodyFor, LogReader } from '../evidence/log-reader.js';
import { Refusals } from '../evidence/refusals.js';
import { SessionKeys } from '../evidence/session-keys.js';
import { IdentityModule } from '../identity/identity.module.js';
import { PeopleModule } from '../people/people.module.js';
import { turnKeyOf } from '../turns/turn-key.js';
import { TurnStates } from '../turns/turn-states.js';
import type { ReviewAsked, ReviewHooks } from './review-asked.js';
import { ReviewExpiry } from './review-expiry.js';
import { ReviewsModule } from './reviews.module.js';
import { ReviewsService } from './reviews.service.js';
import { VerdictsService } from './verdicts.service.js';

interface Somebody {
  readonly session: Session;
  readonly identity: Identity;
}

let house: TestControlPlane;
let other: ControlPlane;
let ada: Somebody;
let grace: Somebody;
let linus: Somebody;
let eve: Somebody;

const somebody = async (
  roles: Role[],
  claims: { sub: string; email?: string; groups?: string[] },
): Promise<Somebody> => {
  const session = await house.as(roles, claims);
  const { body, status } = (await session.get('/v1/whoami')) as {
    status: number;
    body: { id: PersonId; name: string; groups: string[] };
  };
  expect(JSON.stringify([status, body])).toContain('"id"');
  const identity: Identity = {
    id: body.id,
    class: 'person',
    issuer: house.issuer.url,
    subject: claims.sub,
    name: body.name,
    groups: body.groups,
    roles,
  };
  return { session, identity };
};

beforeAll(async () => {
  house = await testControlPlane({ features: [IdentityModule, PeopleModule, ReviewsModule] });
  other = await house.replica();
  ada = await somebody(['user', 'reviewer'], { sub: 'ada', groups: ['users', 'reviewers', 'sre', 'dba'] });
  grace = await somebody(['reviewer'], { sub: 'grace', groups: ['reviewers', 'sre'] });
  linus = await somebody(['reviewer'], { sub: 'linus', groups: ['reviewers', 'sre', 'dba'] });
  eve = await somebody(['reviewer', 'user'], { sub: 'eve', groups: ['reviewers', 'users', 'sales'] });
});
afterAll(() => house?.[Symbol.asyncDispose]());

const digestOf = (text: string) => createHash('sha256').update(text).digest('hex') as Digest;

const operation = (text: string, more: Partial<Operation> = {}): Operation => ({
  action: 'sql.execute',
  risk: 'write',
  text,
  facts: { flags: [] },
  resources: ['public.patients'],
  digest: digestOf(text),
  pure: false,
  ...more,
});

interface Asking {
  readonly text?: string;
  readonly requirement?: Partial<ReviewRequirement>;
  readonly turn?: string;
  readonly operation?: Partial<Operation>;
  readonly identity?: Identity;
}

const asking = ({
  text = `delete ${randomUUID()}`,
  requirement = {},
  turn,
  operation: more,
  identity = ada.identity,
}: Asking = {}): ReviewAsked => ({
  session: randomUUID() as SessionId,
  operationId: randomUUID() as OperationId,
  identity,
  turn: turn === undefined ? {} : { aiSession: 'session', turn },
  connection: {
    id: '00000000-0000-7000-8000-000000000001' as ConnectionId,
    name: 'clinic',
    version: 1,
    target: 'main',
  },
  database: 'clinic',
  operation: operation(text, more),
  decision: {
    outcome: 'review',
    policies: ['reviewed-write' as PolicyId],
    policyVersion: 1,
    requirement: { groups: ['sre'], approvals: 1, timeoutMs: 60_000, onTimeout: 'deny', ...requirement },
  },
});

/** Somebody of whom nothing waits yet. */
const another = (): Identity => ({ ...ada.identity, id: randomUUID() as PersonId });

/** Starts settling and waits until people have been asked. */
async function ask(
  asked: ReviewAsked,
  { on = house.controlPlane, ...hooks }: Partial<ReviewHooks> & { on?: ControlPlane } = {},
) {
  const client = new AbortController();
  let tell: (notice: Waiting) => void = () => undefined;
  const waiting = new Promise<Waiting>((resolve) => {
    tell = resolve;
  });
  const recorded: Settled[] = [];
  const settled = on.app.get(ReviewsService).settle(asked, {
    waiting: (notice) => tell(notice),
    abandoned: client.signal,
    settled: async (_tx, decision) => void recorded.push(decision),
    ...hooks,
  });
  settled.catch(() => undefined);
  const notice = await Promise.race([
    waiting,
    settled.then(
      () => undefined,
      () => undefined,
    ),
  ]);
  return { settled, recorded, notice, id: notice?.review as ReviewId, leave: () => client.abort() };
}

const verdict = (who: Somebody, id: ReviewId, answer: 'approve' | 'reject' = 'approve', reason = 'looks right') =>
  who.session.post(`/v1/reviews/${id}/verdict`, { verdict: answer, reason });

const stateOf = async (id: ReviewId) =>
  (await house.database.query<{ state: string }>('select state from reviews where id = $1', [id]))[0]!.state;
const overNow = (id: ReviewId) =>
  house.database.query(
    `update reviews set created_at = created_at - interval '1 day', expires_at = now() - interval '1 hour' where id = $1`,
    [id],
  );

describe('a review that waits', () => {
  test('is shown to its reviewers as it is, and runs once when one of them approves', async () => {
    const asked = asking({
      text: 'delete from patients where name = \u202e$1',
      operation: { parameters: ['7', null] },
    });
    const { settled, recorded, id, notice } = await ask(asked);
    expect(notice!.message).toContain('waiting until');
    const shown = await grace.session.get(`/v1/reviews/${id}`);
    expect(shown.body).toMatchObject({
      state: 'pending',
      preview: 'delete from patients where name = \\u{202e}$1\n(37 characters)',
      parameters: ['$1 = "7" (1 character)', '$2 = NULL'],
      requested_by: { id: ada.identity.id, class: 'person' },
      can_settle: true,
    });
    expect((await verdict(grace, id)).body).toMatchObject({
      state: 'approved',
      votes: [{ by: { id: grace.identity.id }, reason: 'looks right' }],
    });
    expect(await settled).toMatchObject({ outcome: 'allow', review: id, policies: ['reviewed-write'] });
    expect(recorded).toEqual([await settled]);
    expect(await stateOf(id)).toBe('consumed');
  });

  test('is approved on one replica and runs on the other', async () => {
    const { settled, id } = await ask(asking(), { on: other });
    await verdict(grace, id).expect(200);
    expect((await settled).outcome).toBe('allow');
  });

  test('still hears when the listening connection was cut: it asks, too', async () => {
    const { settled, id } = await ask(asking());
    await house.database.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where query ilike 'listen%' or query = 'select 1'`,
    );
    await verdict(grace, id).expect(200);
    expect((await settled).outcome).toBe('allow');
  });

  test('is put on record from the question to the use', async () => {
    const asked = asking();
    const { settled, id } = await ask(asked);
    await verdict(grace, id).expect(200);
    await settled;
    const events = await house.database.query<{ event: string }>(
      'select event from evidence_entries where session = $1 order by id',
      [asked.session],
    );
    expect(events.map(({ event }) => event)).toEqual([
      'review.requested',
      'review.voted',
      'review.approved',
      'review.consumed',
    ]);
  });

  test('is not used up when its use cannot be recorded', async () => {
    const asked = asking();
    const failing = await ask(asked, {
      settled: () => Promise.reject(new GatewayError('RECORDING_UNAVAILABLE', 'no record')),
    });
    await verdict(grace, failing.id).expect(200);
    await expect(failing.settled).rejects.toMatchObject({ code: 'RECORDING_UNAVAILABLE' });
    expect(await stateOf(failing.id)).toBe('approved');
  });

  test('needs as many people as asked for, of every group', async () => {
    const { settled, id } = await ask(asking({ requirement: { approvals: 2, groups: ['dba', 'sre'] } }));
    expect((await verdict(grace, id)).body).toMatchObject({ state: 'pending' });
    expect((await verdict(grace, id)).body).toMatchObject({ code: 'CONFLICT' });
    expect((await verdict(linus, id)).body).toMatchObject({ state: 'approved' });
    expect((await settled).outcome).toBe('allow');
  });
});

describe('an attacker who', () => {
  test('asked cannot approve: not himself', async () => {
    const { id, leave } = await ask(asking());
    const answer = await verdict(ada, id);
    expect(answer.status).toBe(403);
    expect(answer.body).toMatchObject({ code: 'FORBIDDEN' });
    expect((await ada.session.get(`/v1/reviews/${id}`)).body).toMatchObject({ state: 'pending', can_settle: false });
    leave();
  });

  test('asked cannot approve: not with a second account of the same address', async () => {
    const second = await somebody(['reviewer'], {
      sub: 'ada-too',
      email: 'ada@example.test',
      groups: ['reviewers', 'sre'],
    });
    const { id, leave } = await ask(asking());
    expect((await verdict(second, id)).body).toMatchObject({ code: 'FORBIDDEN' });
    leave();
  });

  test('is an AI or a machine cannot settle, whatever its groups', async () => {
    const { id, leave } = await ask(asking());
    for (const kind of ['ai', 'machine'] as const) {
      const robot: Identity = {
        ...grace.identity,
        id: randomUUID() as PersonId,
        class: kind,
        name: `${kind}@example.test`,
      };
      const settling = house.controlPlane.app
        .get(VerdictsService)
        .settle(robot, id, { verdict: 'approve', reason: 'yes' });
      await expect(settling).rejects.toMatchObject({ code: 'FORBIDDEN' });
    }
    leave();
  });

  test('is in none of the groups learns nothing: not from the list, not by id, not by voting', async () => {
    const { id, leave } = await ask(asking());
    expect((await eve.session.get(`/v1/reviews/${id}`)).status).toBe(404);
    expect((await verdict(eve, id)).status).toBe(404);
    const { body } = (await eve.session.get('/v1/reviews?state=pending&limit=200')) as {
      body: { items: { id: string }[] };
    };
    expect(body.items.map((item) => item.id)).not.toContain(id);
    leave();
  });

  test('has A approved cannot run B with it', async () => {
    const a = asking();
    const { id, leave } = await ask(a);
    leave();
    await verdict(grace, id).expect(200);
    const variants: ReviewAsked[] = [
      { ...a, operation: { ...a.operation, digest: digestOf('drop table patients') } },
      { ...a, database: 'other' },
      { ...a, connection: { ...a.connection, version: 2 } },
      { ...a, connection: { ...a.connection, target: 'admin' } },
      { ...a, identity: eve.identity },
      { ...a, turn: { aiSession: 'another' } },
      { ...a, decision: { ...a.decision, policies: ['another' as PolicyId] } },
    ];
    for (const b of variants) {
      const second = await ask(b);
      expect(second.id).not.toBe(id);
      second.leave();
      expect((await second.settled).outcome).toBe('deny');
      const used = await house.controlPlane.app
        .get(DataSource)
        .transaction((tx) => house.controlPlane.app.get(ReviewsService).consume(tx, id, b));
      expect(used).toBe(false);
    }
    expect(await stateOf(id)).toBe('approved');
  });

  test('asks on two replicas at once gets one review', async () => {
    const asked = asking();
    const both = await Promise.all(
      [house.controlPlane, other, house.controlPlane, other].map((on) =>
        on.app.get(ReviewsService).request({ ...asked, session: randomUUID() as SessionId }),
      ),
    );
    expect(new Set(both.map(({ id }) => id)).size).toBe(1);
  });

  test('waits on two replicas at once has it run once', async () => {
    const asked = asking();
    const all = await Promise.all(
      [house.controlPlane, other, other].map((on) =>
        ask({ ...asked, operationId: randomUUID() as OperationId }, { on }),
      ),
    );
    expect(new Set(all.map(({ id }) => id)).size).toBe(1);
    await verdict(grace, all[0]!.id).expect(200);
    const outcomes = await Promise.all(all.map(({ settled }) => settled));
    expect(outcomes.filter(({ outcome }) => outcome === 'allow')).toHaveLength(1);
    for (const denied of outcomes.filter(({ outcome }) => outcome === 'deny'))
      expect(denied).toMatchObject({ refusal: { code: 'REVIEW_EXPIRED' } });
  });

  test('hides text in what is too long to be shown is refused at once', async () => {
    const { settled } = await ask(asking({ text: `select 1 ${' '.repeat(200_000)}; drop table patients` }));
    await expect(settled).rejects.toMatchObject({ code: 'TOO_LARGE' });
    const cut = await ask(asking({ operation: { parameters: [`${'x'.repeat(1024)} … (900 more characters)`] } }));
    await expect(cut.settled).rejects.toMatchObject({ code: 'TOO_LARGE' });
    const marked = await ask(asking({ operation: { facts: { flags: ['truncated'] } } }));
    await expect(marked.settled).rejects.toMatchObject({ code: 'TOO_LARGE' });
  });

  test('floods reviewers with questions is held up', async () => {
    const flooder: Identity = { ...ada.identity, id: randomUUID() as PersonId };
    const service = house.controlPlane.app.get(ReviewsService);
    for (let count = 0; count < 20; count += 1) await service.request(asking({ identity: flooder }));
    await expect(service.request(asking({ identity: flooder }))).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  });
});

describe('time', () => {
  test('over, a pending review refuses its client and every vote', async () => {
    const { settled, id } = await ask(asking({ requirement: { timeoutMs: 50 } }));
    expect(await settled).toMatchObject({ outcome: 'deny', refusal: { code: 'REVIEW_EXPIRED' } });
    expect((await verdict(grace, id)).body).toMatchObject({ code: 'REVIEW_EXPIRED' });
    expect(await stateOf(id)).toBe('expired');
  });

  test('over, the operation runs once where the policy says so', async () => {
    const asked = asking({ requirement: { timeoutMs: 300, onTimeout: 'allow' } });
    const all = await Promise.all([house.controlPlane, other].map((on) => ask(asked, { on })));
    const outcomes = await Promise.all(all.map(({ settled }) => settled));
    expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual(['allow', 'deny']);
  });

  test('over, nothing runs for a client that left, whatever the policy says', async () => {
    const { settled, id, leave } = await ask(asking({ requirement: { timeoutMs: 300, onTimeout: 'allow' } }));
    leave();
    expect(await settled).toMatchObject({ outcome: 'deny', refusal: { code: 'CANCELLED' } });
    await overNow(id);
    expect(await house.controlPlane.app.get(ReviewExpiry).sweep()).toBeGreaterThan(0);
    expect(await stateOf(id)).toBe('expired');
  });

  test('over, an approval is void', async () => {
    const asked = asking();
    const { id, leave } = await ask(asked);
    leave();
    await verdict(grace, id).expect(200);
    await overNow(id);
    const again = await ask(asked);
    expect(again.id).not.toBe(id);
    expect(await stateOf(id)).toBe('expired');
    again.leave();
  });
});

describe('a client that leaves', () => {
  test('does not get it run later, and finds the approval when it comes back, once', async () => {
    const asked = asking();
    const first = await ask(asked);
    first.leave();
    expect(await first.settled).toMatchObject({ outcome: 'deny', refusal: { code: 'CANCELLED' }, review: first.id });
    await verdict(grace, first.id).expect(200);
    expect(await stateOf(first.id)).toBe('approved');

    const retry = await ask({ ...asked, session: randomUUID() as SessionId, operationId: randomUUID() as OperationId });
    expect(retry.notice).toBeUndefined();
    expect(await retry.settled).toMatchObject({ outcome: 'allow', review: first.id });

    const third = await ask(asked);
    expect(third.id).not.toBe(first.id);
    third.leave();
  });

  test('in the moment of the approval is not served either', async () => {
    const asked = asking();
    const { settled, id, leave } = await ask(asked, {
      decideAgain: () => {
        leave();
        return asked.decision;
      },
    });
    await verdict(grace, id).expect(200);
    expect(await settled).toMatchObject({ outcome: 'deny', refusal: { code: 'CANCELLED' } });
    expect(await stateOf(id)).toBe('approved');
  });
});

describe('a rejection', () => {
  test('names the human and the reason, and answers every retry of its turn', async () => {
    const asked = asking({ turn: 'turn-1' });
    const { settled, id } = await ask(asked);
    await verdict(grace, id, 'reject', 'not in\nproduction').expect(200);
    expect(await settled).toMatchObject({
      outcome: 'deny',
      refusal: {
        code: 'REVIEW_REJECTED',
        message: `${grace.identity.name} rejected this operation: not in production`,
      },
    });
    const retry = await ask(asked, { on: other });
    expect(retry.notice).toBeUndefined();
    expect(await retry.settled).toMatchObject({ outcome: 'deny', refusal: { code: 'REVIEW_REJECTED' }, review: id });

    const nextTurn = await ask({ ...asked, turn: { aiSession: 'session', turn: 'turn-2' } });
    expect(nextTurn.id).not.toBe(id);
    nextTurn.leave();
  });

  test('stands for the rest of its turn, whatever has changed around it, and says so', async () => {
    const turn = { client: 'claude-code', aiSession: 'session', turn: randomUUID() };
    const asked = { ...asking({ identity: another() }), turn };
    const { settled, id } = await ask(asked);
    await verdict(grace, id, 'reject', 'never').expect(200);
    await settled;
    const { connection, decision } = asked;
    for (const changed of [
      { connection: { ...connection, version: 2, target: 'admin' } },
      { database: 'another' },
      { decision: { ...decision, policies: ['another' as PolicyId] } },
      { decision: { ...decision, requirement: { ...decision.requirement, groups: ['dba'] } } },
      { turn: { ...turn, toolCall: 'another', agent: 'another' } },
    ]) {
      const retry = await ask({ ...asked, ...changed }, { on: other });
      expect(retry.notice).toBeUndefined();
      expect(retry.recorded).toEqual([await retry.settled]);
      const { refusal } = (await retry.settled) as { refusal?: { message: string; hint: string } };
      expect(refusal?.message).toBe(
        `refused before in this turn, and nobody was asked again: ${grace.identity.name} rejected this operation: never`,
      );
      expect(refusal?.hint).toContain('another turn');
    }
  });

  test('stands for the same in other words, on any replica, and for nothing else', async () => {
    const turn = { client: 'claude-code', aiSession: 'session', turn: randomUUID() };
    const identity = another();
    const like = (of: string, over: Partial<ReviewAsked> = {}) => {
      const likeness = (): Digest => createHash('sha256').update(of).digest('hex') as Digest;
      return { ...asking({ identity, operation: { likeness } }), turn, ...over };
    };
    const { settled, id } = await ask(like('one'));
    await verdict(grace, id, 'reject', 'never').expect(200);
    await settled;
    await house.controlPlane.app.get(TurnStates).flush();
    const retry = await ask(like('one'), { on: other });
    expect(retry.notice).toBeUndefined();
    expect(await retry.settled).toMatchObject({
      outcome: 'deny',
      refusal: { code: 'REVIEW_REJECTED', message: expect.stringMatching(/^refused before in this turn.*never$/) },
    });
    for (const unlike of [like('another'), like('one', { turn: { ...turn, turn: randomUUID() } })]) {
      const asked = await ask(unlike, { on: other });
      expect(asked.notice).toBeDefined();
      asked.leave();
    }
  });

  test('is of that person, client, AI session, turn, connection and operation only', async () => {
    const turn = { client: 'claude-code', aiSession: 'session', turn: randomUUID() };
    const asked = { ...asking({ identity: another() }), turn };
    const { settled, id } = await ask(asked);
    await verdict(grace, id, 'reject', 'never').expect(200);
    await settled;
    for (const changed of [
      { identity: eve.identity },
      { turn: { ...turn, client: 'codex' } },
      { turn: { ...turn, aiSession: 'another' } },
      { turn: { ...turn, turn: randomUUID() } },
      { connection: { ...asked.connection, id: randomUUID() as ConnectionId } },
      { operation: operation('delete something else') },
    ]) {
      const anew = await ask({ ...asked, ...changed });
      expect(anew.notice).toBeDefined();
      anew.leave();
    }
  });
});

describe('the prompt behind an operation', () => {
  const promptOf = async (of: Somebody, id: ReviewId) => (await of.session.get(`/v1/reviews/${id}`)).body as object;

  test('is shown to those who may read the review, with the tool call and the level, and not in lists', async () => {
    const talk = conversationOf(house.controlPlane.app, ada.identity);
    await talk.typed('tidy up canary-0815', 'p-1');
    await talk.called({ id: 'toolu_1', input: { command: 'psql -f tidy.sql' }, clientTurn: 'p-1' });
    await talk.asked({ name: 'WebFetch', input: { url: 'https://example.test' }, clientTurn: 'p-1' });
    const turn = { client: talk.client, aiSession: talk.session, turn: 'p-1', toolCall: 'toolu_1' };
    const { id, leave } = await ask({ ...asking(), turn, assurance: 'bound' });
    expect(await promptOf(grace, id)).toMatchObject({
      assurance: 'bound',
      ai_client: 'claude-code',
      prompt: {
        client: 'claude-code',
        origin: 'human',
        untrusted_by: 'WebFetch',
        messages: [{ seq: 1, kind: 'human', text: 'tidy up canary-0815' }],
        tool_call: { id: 'toolu_1', name: 'Bash', message: 1, input: '{"command":"psql -f tidy.sql"}', agrees: true },
      },
    });
    expect((await eve.session.get(`/v1/reviews/${id}`)).status).toBe(404);
    const { text } = await grace.session.get('/v1/reviews?limit=200');
    expect(text).toContain(id);
    expect(text).not.toContain('canary-0815');
    leave();
  });

  test('is that of the one who asks: ids of somebody else’s AI session show nothing of it', async () => {
    const talk = conversationOf(house.controlPlane.app, linus.identity);
    await talk.typed('a secret plan', 'p-1');
    await talk.called({ id: 'toolu_1', input: { command: 'psql' }, clientTurn: 'p-1' });
    const turn = { client: talk.client, aiSession: talk.session, turn: 'p-1', toolCall: 'toolu_1' };
    const { id, leave } = await ask({ ...asking(), turn });
    expect(await promptOf(grace, id)).toMatchObject({ prompt: null });
    leave();
  });

  test('is gone with the key of its person, and the review is not', async () => {
    const session = await house.as(['user']);
    const { body } = (await session.get('/v1/whoami')) as { body: Identity };
    const talk = conversationOf(house.controlPlane.app, body);
    await talk.typed('forget me', 'p-1');
    await talk.called({ id: 'toolu_1', input: { command: 'psql' }, clientTurn: 'p-1' });
    const turn = { client: talk.client, aiSession: talk.session, turn: 'p-1', toolCall: 'toolu_1' };
    const { id, leave } = await ask({ ...asking({ identity: { ...ada.identity, id: body.id } }), turn });
    await house.controlPlane.app.get(SessionKeys).destroy(`person:${body.id}`, () => Promise.resolve());
    expect(await promptOf(grace, id)).toMatchObject({
      state: 'pending',
      prompt: { messages: [{ seq: 1, text: null }], tool_call: { id: 'toolu_1', input: null } },
    });
    leave();
  });
});

describe('what the policies refused in a turn', () => {
  test('is not asked of people later in that turn, on any replica', async () => {
    const turn = { client: 'claude-code', aiSession: 'session', turn: randomUUID() };
    const asked = { ...asking({ identity: another() }), turn };
    const turns = house.controlPlane.app.get(TurnStates);
    const refusal = { code: 'POLICY_DENIED' as const, message: 'not with what is known of you' };
    const { id: connection } = asked.connection;
    turns.refused({ key: turnKeyOf(asked.identity.id, turn)!, connection, digest: asked.operation.digest, ...refusal });
    await turns.flush();

    const retry = await ask(asked, { on: other });
    expect(retry.notice).toBeUndefined();
    expect(await retry.settled).toMatchObject({
      outcome: 'deny',
      refusal: {
        code: 'POLICY_DENIED',
        message: expect.stringMatching(/^refused before in this turn.*known of you$/) as string,
      },
    });
    expect(retry.recorded).toHaveLength(1);

    const next = await ask({ ...asked, turn: { ...turn, turn: randomUUID() } });
    expect(next.notice).toBeDefined();
    next.leave();
  });
});

describe('a policy that changed while people were asked', () => {
  const changedTo = (decision: (asked: ReviewAsked) => Decision) => async () => {
    const asked = asking();
    const { settled, id } = await ask(asked, { decideAgain: () => decision(asked) });
    await verdict(grace, id).expect(200);
    return { settled: await settled, state: await stateOf(id) };
  };

  test('to a denial denies, and leaves the approval unused', async () => {
    const refusal = { code: 'POLICY_DENIED' as const, message: 'not any more' };
    const run = changedTo(() => ({ outcome: 'deny', policies: ['never' as PolicyId], policyVersion: 2, refusal }));
    expect(await run()).toMatchObject({ settled: { outcome: 'deny', policyVersion: 2, refusal }, state: 'approved' });
  });

  test('to a stricter review needs that review', async () => {
    const run = changedTo(({ decision }) => ({ ...decision, requirement: { ...decision.requirement, approvals: 2 } }));
    expect(await run()).toMatchObject({
      settled: { outcome: 'deny', refusal: { code: 'REVIEW_EXPIRED' } },
      state: 'approved',
    });
  });
});

test('a reviewer who approves faster than anybody reads is stopped', async () => {
  const clicker = await somebody(['reviewer'], { sub: 'clicker', groups: ['reviewers', 'hasty'] });
  const service = house.controlPlane.app.get(ReviewsService);
  const codes: unknown[] = [];
  for (let count = 0; count < 21; count += 1) {
    const identity: Identity = { ...ada.identity, id: randomUUID() as PersonId };
    const { id } = await service.request(asking({ identity, requirement: { groups: ['hasty'] } }));
    codes.push((await verdict(clicker, id)).status);
  }
  expect(codes).toEqual([...Array<number>(20).fill(200), 429]);
});

describe('the database itself refuses', () => {
  const refused = async (sql: string, parameters: unknown[], constraint: string) =>
    expect(house.database.query(sql, parameters)).rejects.toMatchObject({ constraint });
  const insertVote = `insert into review_votes (review_id, voter_id, voter_class, voter_name, groups, verdict, reason) values ($1, $2, $3, 'x', $4, 'approve', 'x')`;

  test('an approval without the votes for it, and every other illegal step', async () => {
    const { id, leave } = await ask(asking());
    const to = (state: string) =>
      [`update reviews set state = '${state}', settled_at = now() where id = $1`, [id]] as [string, unknown[]];
    await refused(...to('approved'), 'reviews_enough_votes');
    await refused(...to('consumed'), 'reviews_transition');
    leave();
    await verdict(grace, id, 'reject').expect(200);
    for (const state of ['pending', 'approved', 'expired', 'consumed'])
      await refused(...to(state), 'reviews_transition');
  });

  test('another operation, other groups or fewer approvals put under an approval', async () => {
    const { id, leave } = await ask(asking());
    for (const change of [
      `shown = '\\x00'`,
      `binding = repeat('0', 64)`,
      `operation_digest = repeat('0', 64)`,
      `groups = '{sales}'`,
      'approvals = 2',
    ])
      await refused(`update reviews set ${change} where id = $1`, [id], 'reviews_immutable');
    leave();
  });

  test('votes of the requester, of machines, for other groups, twice, and after the end', async () => {
    const { id, leave } = await ask(asking());
    const voter = randomUUID();
    await refused(insertVote, [id, ada.identity.id, 'person', ['sre']], 'review_votes_not_requester');
    await refused(insertVote, [id, voter, 'ai', ['sre']], 'review_votes_person');
    await refused(insertVote, [id, voter, 'person', ['sales']], 'review_votes_asked_groups');
    await house.database.query(insertVote, [id, voter, 'person', ['sre']]);
    await refused(insertVote, [id, voter, 'person', ['sre']], 'review_votes_pkey');
    leave();
    await verdict(grace, id, 'reject').expect(200);
    await refused(insertVote, [id, randomUUID(), 'person', ['sre']], 'review_votes_pending');
  });
});

test('what reviewers read is kept sealed, and gone with the key of its session: then nobody can approve it', async () => {
  const asked = asking({
    text: "delete from t where x = 'canary-4711'",
    operation: { parameters: ['canary-4712\u0000'] },
  });
  const { id, leave } = await ask(asked);
  leave();
  expect((await grace.session.get(`/v1/reviews/${id}`)).text).toContain('canary-4711');
  const stored = await house.database.query('select reviews::text as row from reviews where id = $1', [id]);
  expect(JSON.stringify(stored)).not.toContain('canary');
  expect(JSON.stringify(stored)).not.toContain(Buffer.from('canary').toString('hex'));
  await house.controlPlane.app.get(SessionKeys).destroy(asked.session, () => Promise.resolve());
  const { text, body } = (await grace.session.get(`/v1/reviews/${id}`)) as { text: string; body: object };
  expect(body).toMatchObject({ preview: '(erased)', parameters: [] });
  expect(text).not.toContain('canary');
  expect((await verdict(grace, id)).body).toMatchObject({ code: 'CONFLICT' });
  expect((await verdict(grace, id, 'reject')).status).toBe(200);
});

test('lists are paged, the newest first, and filtered by state', async () => {
  const page = (await grace.session.get('/v1/reviews?limit=2')) as {
    body: { items: { id: string }[]; next_cursor: string };
  };
  expect(page.body.items).toHaveLength(2);
  const next = (await grace.session.get(`/v1/reviews?limit=2&cursor=${page.body.next_cursor}`)) as {
    body: { items: { id: string }[] };
  };
  const ids = [...page.body.items, ...next.body.items].map(({ id }) => id);
  expect(ids).toEqual([...ids].sort().reverse());
  const consumed = (await grace.session.get('/v1/reviews?state=consumed')) as { body: { items: { state: string }[] } };
  expect(new Set(consumed.body.items.map(({ state }) => state))).toEqual(new Set(['consumed']));
  expect((await grace.session.get('/v1/reviews?state=nonsense')).status).toBe(400);
  expect((await sessionWith(other.url, grace.session.token).get('/v1/reviews?limit=1')).status).toBe(200);
});

describe('verdicts that are not taken', () => {
  const refusedOn = async (review: ReviewId) => {
    const { app } = house.controlPlane;
    await app.get(Refusals).settled();
    const reader = app.get(LogReader);
    const page = () => reader.page("e.event = 'review.refused' and e.review = $3", { limit: 50, parameters: [review] });
    await expect.poll(async () => (await page()).length, { timeout: 5_000 }).toBeGreaterThan(0);
    return (await page()).map((entry) => bodyFor(entry, 'review.refused')!);
  };

  test('one’s own is on record with who tried, once for a minute of tries', async () => {
    const { id } = await ask(asking());
    const verdict = { verdict: 'approve', reason: 'mine' };
    for (let tries = 0; tries < 5; tries += 1) await ada.session.post(`/v1/reviews/${id}/verdict`, verdict).expect(403);
    await eve.session.post(`/v1/reviews/${id}/verdict`, verdict);
    const refused = await refusedOn(id);
    expect(refused.filter(({ by }) => by.id === ada.identity.id)).toMatchObject([
      { review: id, verdict: 'approve', refusal: { code: 'FORBIDDEN' }, count: 1 },
    ]);
    await linus.session.post(`/v1/reviews/${id}/verdict`, { verdict: 'reject', reason: 'enough' }).expect(200);
  });

  test('more approvals than anybody can have read in a minute are on record', async () => {
    const hasty = await somebody(['reviewer'], { sub: `hasty-${randomUUID()}`, groups: ['reviewers', 'sre'] });
    let last: { status: number; id: ReviewId } | undefined;
    for (let count = 0; count < 21; count += 1) {
      const { id } = await ask(asking({ identity: { ...ada.identity, id: randomUUID() as PersonId } }));
      const { status } = await hasty.session.post(`/v1/reviews/${id}/verdict`, { verdict: 'approve', reason: 'ok' });
      last = { status, id };
    }
    expect(last!.status).toBe(429);
    expect(await refusedOn(last!.id)).toMatchObject([
      { by: { id: hasty.identity.id }, verdict: 'approve', refusal: { code: 'RATE_LIMITED' } },
    ]);
  });
});

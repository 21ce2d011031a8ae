import type { PersonId } from '@sallyport/core';
import type { ModelEstimate } from '@sallyport/engine';
import { bodyOf } from '@sallyport/evidence';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ControlPlane } from '../../control-plane.js';
import { type Session, sessionWith, type TestControlPlane, testControlPlane } from '../../testing/control-plane.js';
import { ConnectionsModule } from '../connections/connections.module.js';
import { LogReader } from '../evidence/log-reader.js';
import { HealthModule } from '../health/health.module.js';
import { IdentityModule } from '../identity/identity.module.js';
import { ModelPricesModule } from '../model-prices/model-prices.module.js';
import { PeopleModule } from '../people/people.module.js';
import { BudgetsModule } from './budgets.module.js';
import { Reservations, type Spender } from './reservations.js';
import { UseExpiry } from './use-expiry.js';

let house: TestControlPlane;
let other: ControlPlane;
let admin: Session;
let user: Session;
let ada: PersonId;

const features = [ConnectionsModule, HealthModule, IdentityModule, ModelPricesModule, PeopleModule, BudgetsModule];
const model = 'claude-opus-5'; // 5 dollars in, 25 out, 6.25 to write to the cache

const spender = (over: Partial<Spender['identity']> = {}, connection = 'claude'): Spender => ({
  identity: { id: ada, groups: ['users'], ...over },
  connection,
});
const estimate = (over: Partial<ModelEstimate> = {}): ModelEstimate => ({
  model,
  turn: { client: 'claude-code', aiSession: 's-1' },
  inputTokens: 100,
  outputTokens: 50,
  ...over,
});
const usage = (inputTokens: number, outputTokens: number, over = {}) => ({
  model,
  inputTokens,
  outputTokens,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  ...over,
});
const on = ({ app }: ControlPlane) => app.get(Reservations);
const reserve = (by = spender(), most = estimate()) => on(house.controlPlane).reserve(by, most);

interface Use {
  readonly subject: object;
  readonly used_tokens: number;
  readonly used_usd: number;
  readonly reserved_tokens: number;
  readonly left_tokens: number | null;
  readonly left_usd: number | null;
  readonly resets_at: string | null;
}
const usesOf = async (name: string, by = admin): Promise<readonly Use[]> =>
  (await by.get(`/v1/budgets/${name}/usage`).expect(200)).body.items as Use[];
const make = (body: object) =>
  admin.post('/v1/budgets', { applies_to: { kind: 'everybody' }, per: 'whole', window: 'month', ...body }).expect(201);
const recorded = async (event: string): Promise<readonly object[]> => {
  const entries = await house.controlPlane.app.get(LogReader).page('e.event = $3', { limit: 100, parameters: [event] });
  return entries.map(({ document }) => bodyOf(document!) as object);
};
const drop = (name: string) => admin.delete(`/v1/budgets/${name}`).expect(204);

beforeAll(async () => {
  house = await testControlPlane({ features });
  other = await house.replica();
  admin = await house.as(['admin']);
  user = await house.as(['user'], { sub: 'ada' });
  ada = (await user.get('/v1/whoami').expect(200)).body.id as PersonId;
  await admin
    .post('/v1/connections', { name: 'billing', protocol: 'postgres', target: 'main', databases: ['app'] })
    .expect(201);
});
afterAll(() => house?.[Symbol.asyncDispose]());
afterEach(async () => {
  const { items } = (await admin.get('/v1/budgets').expect(200)).body as { items: { name: string }[] };
  for (const { name } of items) await drop(name);
});

describe('budgets', () => {
  test('are made, shown, changed and removed, and each change is on record', async () => {
    const body = {
      name: 'team',
      applies_to: { kind: 'group', value: 'users' },
      per: 'group',
      window: 'week',
      models: ['claude-*'],
      limit_tokens: 1000,
      limit_usd: 12.5,
    };
    expect((await admin.post('/v1/budgets', body).expect(201)).body).toEqual(body);
    expect((await admin.get('/v1/budgets/team').expect(200)).body).toEqual(body);
    expect((await admin.get('/v1/budgets').expect(200)).body).toEqual({ items: [body], next_cursor: null });
    await admin.post('/v1/budgets', body).expect(409);
    const changed = { ...body, limit_tokens: 5000, limit_usd: null, models: [] };
    const change = { limit_tokens: 5000, limit_usd: null, models: [] };
    expect((await admin.patch('/v1/budgets/team', change).expect(200)).body).toEqual(changed);
    await drop('team');
    await admin.get('/v1/budgets/team').expect(404);
    await expect.poll(() => recorded('budget.created')).toMatchObject([{ id: 'team', after: body }]);
    await expect.poll(() => recorded('budget.updated')).toMatchObject([{ before: body, after: changed }]);
    await expect.poll(() => recorded('budget.deleted')).toMatchObject([{ name: 'team', before: changed }]);
  });

  test.each([
    ['without a limit', { limit_tokens: undefined }],
    ['for an AI session’s life, counted otherwise', { window: 'ai-session', per: 'identity' }],
    ['of everybody that names somebody', { applies_to: { kind: 'everybody', value: 'x' } }],
    ['of a group that names none', { applies_to: { kind: 'group' } }],
    ['of nobody', { applies_to: undefined }],
    ['of a person that is not there', { applies_to: { kind: 'identity', value: 'ada' } }],
    ['of a connection that is not there', { applies_to: { kind: 'connection', value: 'nowhere' } }],
    ['with an unknown window', { window: 'year' }],
    ['with a pattern that is none', { models: ['*-opus'] }],
    ['with a negative limit', { limit_tokens: -1 }],
    ['with a fraction of a token', { limit_tokens: 1.5 }],
    ['with a limit finer than a millionth of a dollar', { limit_usd: 1.0000001 }],
    ['with a name that is none', { name: 'My Budget' }],
  ])('a budget %s is not kept', async (_title, wrong) => {
    const body = { name: 'wrong', applies_to: { kind: 'everybody' }, per: 'whole', window: 'day', limit_tokens: 1 };
    const { status } = await admin.post('/v1/budgets', { ...body, ...wrong });
    expect([400, 404]).toContain(status);
    await admin.get('/v1/budgets/wrong').expect(404);
  });

  test('the last limit cannot be taken away', async () => {
    await make({ name: 'last', limit_tokens: 1 });
    await admin.patch('/v1/budgets/last', { limit_tokens: null }).expect(400);
    await admin.patch('/v1/budgets/last', { limit_tokens: null, limit_usd: 1 }).expect(200);
  });

  test('a user sees what limits them and what they have used, and nothing of others', async () => {
    await make({ name: 'mine', per: 'identity', limit_tokens: 1000 });
    await make({ name: 'theirs', applies_to: { kind: 'group', value: 'managers' }, limit_tokens: 1 });
    await make({ name: 'joint', applies_to: { kind: 'group', value: 'users' }, limit_tokens: 1000 });
    await make({ name: 'sessions', per: 'ai-session', window: 'ai-session', limit_tokens: 1000 });
    const bob = '0192aaaa-0000-7000-8000-00000000b0b0' as PersonId;
    for (const by of [spender(), spender({ id: bob })]) await (await reserve(by)).settle(usage(10, 5));
    const listed = (await user.get('/v1/budgets').expect(200)).body.items as { name: string }[];
    expect(listed.map(({ name }) => name)).toEqual(['joint', 'mine', 'sessions']);
    await user.get('/v1/budgets/theirs').expect(404);
    await user.get('/v1/budgets/theirs/usage').expect(404);
    expect(await usesOf('mine', user)).toMatchObject([
      { subject: { identity: { id: ada, name: 'ada@example.test' } }, used_tokens: 15, left_tokens: 985 },
    ]);
    expect(await usesOf('joint', user)).toMatchObject([{ subject: {}, used_tokens: 30 }]);
    expect(await usesOf('sessions', user)).toMatchObject([
      { subject: { identity: { id: ada }, ai_session: 'claude-code:s-1' }, used_tokens: 15, resets_at: null },
    ]);
    expect(await usesOf('mine')).toHaveLength(2);
    expect(await usesOf('sessions')).toHaveLength(2);
  });
});

describe('a reservation', () => {
  test('asks the database nothing where no budget is about it, and prices the answer', async () => {
    const reservation = await reserve();
    expect(await reservation.settle(usage(1000, 100))).toMatchObject({ microUsd: 7500 });
    expect(await house.database.query('select 1 from budget_uses union all select 1 from budget_reservations')).toEqual(
      [],
    );
  });

  test('takes the worst case, and what was used replaces it', async () => {
    await make({ name: 'tokens', limit_tokens: 1000, limit_usd: 1 });
    const reservation = await reserve();
    expect(await usesOf('tokens')).toMatchObject([
      { used_tokens: 0, reserved_tokens: 150, left_tokens: 850, left_usd: 1 - (100 * 6.25 + 50 * 25) / 1e6 },
    ]);
    const settled = await reservation.settle(usage(60, 5, { cacheReadTokens: 10, cacheWriteTokens: 4 }));
    expect(settled.microUsd).toBe(60 * 5 + 5 * 25 + 10 * 0.5 + 4 * 6.25);
    expect(await usesOf('tokens')).toMatchObject([
      { used_tokens: 79, reserved_tokens: 0, left_tokens: 921, used_usd: 455 / 1e6 },
    ]);
  });

  test('that is released gives everything back', async () => {
    await make({ name: 'tokens', limit_tokens: 150 });
    await (await reserve()).release();
    expect(await usesOf('tokens')).toMatchObject([{ used_tokens: 0, reserved_tokens: 0, left_tokens: 150 }]);
    await reserve();
  });

  test('that used more than it had taken is counted whole, and the next one is refused', async () => {
    await make({ name: 'tokens', limit_tokens: 200 });
    await (await reserve()).settle(usage(100, 900));
    expect(await usesOf('tokens')).toMatchObject([{ used_tokens: 1000, left_tokens: 0 }]);
    await expect(reserve(spender(), estimate({ inputTokens: 1, outputTokens: 0 }))).rejects.toMatchObject({
      code: 'BUDGET_EXHAUSTED',
      message: 'budget "tokens" has 0 tokens left, and this request may take 1 token',
    });
  });

  test('for which there is no room is refused, with what is left, when it begins anew and what to do', async () => {
    await make({ name: 'tokens', window: 'hour', limit_tokens: 149 });
    const error: unknown = await reserve().catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 'BUDGET_EXHAUSTED',
      message: 'budget "tokens" has 149 tokens left, and this request may take 150 tokens',
      hint: expect.stringMatching(/^it begins anew at \d{4}-\d\d-\d\d \d\d:00 UTC; .*administrator/),
      details: { budget: 'tokens', left_tokens: 149 },
    });
    expect(await usesOf('tokens')).toMatchObject([{ used_tokens: 0, reserved_tokens: 0, left_tokens: 149 }]);
  });

  test('takes from every budget or from none', async () => {
    await make({ name: 'wide', limit_tokens: 1000 });
    await make({ name: 'narrow', per: 'identity', limit_tokens: 100 });
    await expect(reserve()).rejects.toMatchObject({ details: { budget: 'narrow' } });
    expect(await usesOf('wide')).toMatchObject([{ used_tokens: 0, reserved_tokens: 0, left_tokens: 1000 }]);
    await drop('narrow');
    await reserve();
    expect(await usesOf('wide')).toMatchObject([{ reserved_tokens: 150 }]);
  });

  test('is about the models that the budget names, and the connection', async () => {
    const body = { name: 'opus', models: ['claude-opus-*'], applies_to: { kind: 'connection', value: 'billing' } };
    await make({ ...body, limit_tokens: 0 });
    await (await reserve(spender({}, 'billing'), estimate({ model: 'claude-haiku-5-5' }))).release();
    await (await reserve()).release();
    await expect(reserve(spender({}, 'billing'))).rejects.toMatchObject({ code: 'BUDGET_EXHAUSTED' });
  });

  test('of a model without a price is refused by a budget of money, not by one of tokens', async () => {
    const unknown = estimate({ model: 'brand-new' });
    await make({ name: 'tokens', limit_tokens: 1000 });
    const settled = await (await reserve(spender(), unknown)).settle(usage(10, 5, { model: 'brand-new' }));
    expect(settled).not.toHaveProperty('microUsd');
    expect(await usesOf('tokens')).toMatchObject([{ used_tokens: 15 }]);
    await make({ name: 'money', limit_usd: 1000 });
    await expect(reserve(spender(), unknown)).rejects.toMatchObject({
      code: 'BUDGET_EXHAUSTED',
      message: 'budget "money" counts money, and what "brand-new" costs is not known',
      hint: expect.stringContaining('sallyport model-prices set'),
    });
  });

  test.each([1e300, 1e15, Number.NaN])(
    'for %d tokens is too much, and no failure of the database',
    async (outputTokens) => {
      await make({ name: 'tokens', limit_tokens: 1000, limit_usd: 5 });
      const asked = reserve(spender(), estimate({ outputTokens }));
      await expect(asked).rejects.toMatchObject({
        code: 'BUDGET_EXHAUSTED',
        details: { left_tokens: 1000, left_usd: 5 },
      });
    },
  );

  test('whose answer tells less than nothing gives no more back than was taken', async () => {
    await make({ name: 'tokens', limit_tokens: 1000 });
    await (await reserve()).settle(usage(-5000, 1));
    expect(await usesOf('tokens')).toMatchObject([{ used_tokens: 1, reserved_tokens: 0 }]);
  });

  test('whose answer names another model is priced by that, and by its own where that has no price', async () => {
    expect(await (await reserve()).settle(usage(1000, 0, { model: 'claude-haiku-4-5' }))).toMatchObject({
      microUsd: 1000,
    });
    expect(await (await reserve()).settle(usage(1000, 0, { model: 'brand-new' }))).toMatchObject({ microUsd: 5000 });
  });
});

describe('at once', () => {
  test('two replicas that want the last tokens: one gets them, whichever', async () => {
    await make({ name: 'last', limit_tokens: 150 });
    await expect.poll(() => refused(on(other).reserve(spender(), estimate({ inputTokens: 151 })))).toBe(true);
    for (let round = 0; round < 10; round += 1) {
      const both = await Promise.allSettled(
        [on(house.controlPlane), on(other)].map((one) => one.reserve(spender(), estimate())),
      );
      const got = both.filter(({ status }) => status === 'fulfilled');
      expect(got).toHaveLength(1);
      await (got[0] as PromiseFulfilledResult<{ release(): Promise<void> }>).value.release();
    }
  });

  test('forty calls over two replicas and two budgets take what there is, and not one more', async () => {
    await make({ name: 'a-wide', limit_tokens: 3000 });
    await make({ name: 'b-each', per: 'identity', limit_tokens: 1_000_000 });
    await expect.poll(() => refused(on(other).reserve(spender(), estimate({ inputTokens: 3000 })))).toBe(true);
    const people = ['1', '2', '3', '4'].map((last) => `0192aaaa-0000-7000-8000-00000000000${last}` as PersonId);
    const all = await Promise.allSettled(
      Array.from({ length: 40 }, (_, index) =>
        on(index % 2 === 0 ? house.controlPlane : other).reserve(spender({ id: people[index % 4]! }), estimate()),
      ),
    );
    const got = all.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(got).toHaveLength(20);
    expect(
      all.filter((one) => one.status === 'rejected' && (one.reason as { code: string }).code !== 'BUDGET_EXHAUSTED'),
    ).toEqual([]);
    expect(await usesOf('a-wide')).toMatchObject([{ reserved_tokens: 3000, left_tokens: 0 }]);
    await Promise.all(got.map((one) => one.settle(usage(1, 1))));
    expect(await usesOf('a-wide')).toMatchObject([{ used_tokens: 40, reserved_tokens: 0 }]);
    expect((await usesOf('b-each')).reduce((sum, use) => sum + use.used_tokens, 0)).toBe(40);
  });

  test('a budget that is deleted while calls run lets them end, and counts nothing any more', async () => {
    await make({ name: 'gone', limit_tokens: 1000 });
    await make({ name: 'stays', limit_tokens: 1000 });
    const running = await reserve();
    await drop('gone');
    await running.settle(usage(10, 10));
    expect(await usesOf('stays')).toMatchObject([{ used_tokens: 20, reserved_tokens: 0 }]);
    await make({ name: 'gone', limit_tokens: 1000 });
    expect(await usesOf('gone')).toEqual([]);
  });

  test('deleting and making budgets while others reserve leaves neither a failure nor a count behind', async () => {
    await make({ name: 'stays', limit_tokens: 1_000_000 });
    const churn = (async () => {
      for (let round = 0; round < 8; round += 1) {
        await make({ name: 'comes-and-goes', per: 'identity', limit_tokens: 1_000_000 });
        await drop('comes-and-goes');
      }
    })();
    let rounds = 0;
    let over = false;
    void churn.finally(() => {
      over = true;
    });
    while (!over) {
      const got = await Promise.all(
        [on(house.controlPlane), on(other)].map((one) => one.reserve(spender(), estimate())),
      );
      await Promise.all(got.map((one) => one.settle(usage(1, 0))));
      rounds += 2;
    }
    await churn;
    expect(rounds).toBeGreaterThan(4);
    expect(await usesOf('stays')).toMatchObject([{ used_tokens: rounds, reserved_tokens: 0 }]);
  });
});

describe('groups', () => {
  test('who leaves a group while a call runs: the call is counted where it was taken, the next one elsewhere', async () => {
    await make({ name: 'per-group', per: 'group', limit_tokens: 1000 });
    const before = await reserve(spender({ groups: ['red'] }));
    const after = await reserve(spender({ groups: ['blue'] }));
    await before.settle(usage(7, 0));
    await after.settle(usage(9, 0));
    expect(await usesOf('per-group')).toMatchObject([
      { subject: { group: 'red' }, used_tokens: 7 },
      { subject: { group: 'blue' }, used_tokens: 9 },
    ]);
  });

  test('a member of several groups is held by the fullest of them', async () => {
    await make({ name: 'per-group', per: 'group', limit_tokens: 200 });
    await reserve(spender({ groups: ['red'] }));
    await expect(reserve(spender({ groups: ['blue', 'red'] }))).rejects.toMatchObject({ code: 'BUDGET_EXHAUSTED' });
    await reserve(spender({ groups: ['blue'] }));
  });
});

describe('what nobody settles', () => {
  test('stays counted at its worst, is shown as used after an hour, and can still be settled for a day', async () => {
    await make({ name: 'lost', limit_tokens: 300 });
    const lost = await reserve();
    await house.database.query(`update budget_reservations set made_at = now() - interval '61 minutes'`);
    expect(await usesOf('lost')).toMatchObject([{ used_tokens: 150, reserved_tokens: 0, left_tokens: 150 }]);
    await house.controlPlane.app.get(UseExpiry).sweep();
    await lost.settle(usage(10, 0));
    expect(await usesOf('lost')).toMatchObject([{ used_tokens: 10, left_tokens: 290 }]);
  });

  test('cannot be given back after that', async () => {
    await make({ name: 'lost', limit_tokens: 300 });
    const lost = await reserve();
    await house.database.query(`update budget_reservations set made_at = now() - interval '26 hours'`);
    await house.controlPlane.app.get(UseExpiry).sweep();
    await lost.release();
    expect(await usesOf('lost')).toMatchObject([{ used_tokens: 150, left_tokens: 150 }]);
  });

  test('is free again in the next window', async () => {
    await make({ name: 'lost', limit_tokens: 150 });
    await reserve();
    await expect(reserve()).rejects.toMatchObject({ code: 'BUDGET_EXHAUSTED' });
    await house.database.query(`update budget_uses set window_start = window_start - interval '31 days'`);
    await reserve();
  });

  test('counts that no window needs any more are cleared away, and others are not', async () => {
    await make({ name: 'old', per: 'identity', limit_tokens: 1000 });
    await reserve();
    await reserve(spender({ id: '0192aaaa-0000-7000-8000-00000000b0b0' as PersonId }));
    await house.database.query(
      `update budget_uses set updated_at = now() - interval '101 days' where subject like '%b0b0'`,
    );
    await house.controlPlane.app.get(UseExpiry).sweep();
    expect(await usesOf('old')).toMatchObject([{ subject: { identity: { id: ada } } }]);
  });
});

test('a changed limit acts at once, on the other replica too', async () => {
  await make({ name: 'limit', limit_tokens: 100 });
  await expect.poll(() => refused(on(other).reserve(spender(), estimate()))).toBe(true);
  await admin.patch('/v1/budgets/limit', { limit_tokens: 150 }).expect(200);
  await on(other).reserve(spender(), estimate());
});

test('metrics tell directions and outcomes, and no name of a model', async () => {
  const marked = 'model-canary-7f3a';
  await (await reserve(spender(), estimate({ model: marked }))).settle(usage(11, 3, { model: marked }));
  const { text } = await house.anonymous.get('/metrics').expect(200);
  expect(text).toMatch(/sallyport_model_tokens_total\{direction="input"\} \d+/);
  expect(text).toMatch(/sallyport_model_reservations_total\{outcome="settled"\} \d+/);
  expect(text).not.toContain(marked);
});

test('while the database cannot be asked nothing is reserved, and an answer that has passed is no failure', async () => {
  await make({ name: 'paused', limit_tokens: 1000 });
  const running = await reserve();
  await house.database.pause();
  const settling = running.settle(usage(10, 0));
  await expect.poll(() => codeOf(reserve()), { timeout: 15_000 }).toBe('POLICY_UNAVAILABLE');
  await house.database.resume();
  expect(await settling).toMatchObject({ inputTokens: 10, microUsd: 50 });
  const fresh = sessionWith(house.controlPlane.url, admin.token);
  await expect.poll(async () => (await fresh.get('/v1/budgets')).status, { timeout: 15_000 }).toBe(200);
});

const codeOf = (reserving: Promise<{ release(): Promise<void> }>): Promise<string | undefined> =>
  reserving.then(
    (got) => got.release().then(() => undefined),
    (error: { code: string }) => error.code,
  );
const refused = async (reserving: Promise<{ release(): Promise<void> }>): Promise<boolean> =>
  (await codeOf(reserving)) === 'BUDGET_EXHAUSTED';

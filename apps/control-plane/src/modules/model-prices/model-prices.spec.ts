import { bodyOf } from '@sallyport/evidence';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ControlPlane } from '../../control-plane.js';
import { type Session, type TestControlPlane, testControlPlane } from '../../testing/control-plane.js';
import { LogReader } from '../evidence/log-reader.js';
import { IdentityModule } from '../identity/identity.module.js';
import { ModelPricesModule } from './model-prices.module.js';
import { ModelPricesService } from './model-prices.service.js';

let house: TestControlPlane;
let other: ControlPlane;
let admin: Session;

const price = (pattern: string, input: number, over_tokens = 0) => ({
  pattern,
  over_tokens,
  input,
  output: 4 * input,
  cache_read: input / 10,
  cache_write: input,
});
interface Prices {
  readonly version: number;
  readonly items: readonly { pattern: string; input: number; source: string }[];
}
const prices = async (): Promise<Prices> => (await admin.get('/v1/model-prices').expect(200)).body as Prices;
const inputOf = ({ app }: ControlPlane, model: string): number | undefined =>
  app.get(ModelPricesService).current().tariffOf(model)?.at(-1)?.input;

beforeAll(async () => {
  house = await testControlPlane({ features: [IdentityModule, ModelPricesModule] });
  other = await house.replica();
  admin = await house.as(['admin']);
});
afterAll(() => house?.[Symbol.asyncDispose]());

test('there are list prices, and they say of when they are', async () => {
  const { body } = await (await house.as(['user'])).get('/v1/model-prices').expect(200);
  expect(body.list_prices_of).toMatch(/^\d{4}-\d\d$/);
  expect(body.items).toContainEqual(
    expect.objectContaining({ pattern: 'claude-opus-5', input: 5, output: 25, source: 'list' }),
  );
});

test('the installation’s own prices are over them, on every replica, until they are taken away', async () => {
  const { body } = await admin
    .put('/v1/model-prices', { prices: [price('claude-opus-5', 3), price('in-house', 1), price('in-house', 2, 1000)] })
    .expect(200);
  const own = (body as Prices).items.filter(({ source }) => source === 'installation');
  expect(own.map(({ pattern, input }) => [pattern, input])).toEqual([
    ['claude-opus-5', 3],
    ['in-house', 2],
    ['in-house', 1],
  ]);
  expect(inputOf(house.controlPlane, 'claude-opus-5')).toBe(3);
  expect(inputOf(house.controlPlane, 'claude-opus-5-5')).toBe(4);
  await expect.poll(() => inputOf(other, 'in-house')).toBe(1);
  await admin.put('/v1/model-prices', { prices: [] }).expect(200);
  expect(inputOf(house.controlPlane, 'claude-opus-5')).toBe(5);
  expect(inputOf(house.controlPlane, 'in-house')).toBeUndefined();
});

test('two administrators at once: the second is told', async () => {
  const { version } = await prices();
  await admin.put('/v1/model-prices', { prices: [price('a', 1)], expected_version: version }).expect(200);
  await admin.put('/v1/model-prices', { prices: [price('b', 1)], expected_version: version }).expect(409);
  expect(inputOf(house.controlPlane, 'a')).toBe(1);
  expect((await prices()).version).toBe(version + 1);
});

test('what was changed is on record, and nothing else', async () => {
  await admin.put('/v1/model-prices', { prices: [price('a', 1), price('b', 1)] }).expect(200);
  const last = async (): Promise<unknown> => {
    const wanted = { limit: 100, parameters: ['model-prices.updated'] };
    const entries = await house.controlPlane.app.get(LogReader).page('e.event = $3', wanted);
    return entries.map(({ document }) => bodyOf(document!)).at(-1);
  };
  await expect.poll(last).toMatchObject({ before: { prices: [] }, after: { prices: [price('b', 1)] } });
});

test.each([
  ['a star in the middle', [price('claude-*-5', 1)]],
  ['no name', [price('', 1)]],
  ['a negative price', [price('m', -1)]],
  ['two prices for one pattern', [price('m', 1), price('m', 2)]],
  ['a price for long prompts only', [price('m', 1, 1000)]],
  ['a price without a part', [{ pattern: 'm', input: 1, output: 1 }]],
])('a list with %s is not kept', async (_title, wrong) => {
  const { version } = await prices();
  await admin.put('/v1/model-prices', { prices: wrong }).expect(400);
  expect((await prices()).version).toBe(version);
});

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Seen } from '../../libs/protocols/testing/model-server.js';
import { type Installation, until } from '../testing/installation.js';
import { type ModelApiName, ModelHouse, modelApis, type Told } from '../testing/model-house.js';

/** What every answer of the model says that it used. */
const [inputTokens, outputTokens] = [3000, 1000];
const usedByOne = inputTokens + outputTokens;
/** The API's own word for it. */
const refusals = { anthropic: 'permission_error', openai: 'insufficient_quota' };
const resets = /it begins anew at \d{4}-\d\d-01 00:00 UTC/;

const policy = `
@id("connect") permit(principal, action == Sallyport::Action::"session.connect", resource);
@id("ask") permit(principal, action == Sallyport::Action::"model.request", resource);`;

let house: ModelHouse;
let gate: Installation;
let release: (() => void) | undefined;

/** Some answers begin, and are not over before the test says so. */
const plan = ({ body }: Seen) => ({
  inputTokens,
  outputTokens,
  parts: [
    { kind: 'text' as const, text: 'Well.' },
    ...(body.includes('take your time') ? [{ kind: 'until' as const, until: held }] : []),
  ],
});
const held = new Promise<void>((resolve) => {
  release = resolve;
});

beforeAll(async () => {
  house = await ModelHouse.start(plan, policy);
  gate = house.gate;
}, 240_000);
afterAll(async () => {
  release?.();
  await house?.stop();
});

const made: string[] = [];
const make = async (name: string, body: object): Promise<void> => {
  await gate.api('grace', 'POST', '/v1/budgets', { name, window: 'month', ...body });
  made.push(name);
};
afterEach(async () => {
  for (const name of made.splice(0)) await gate.api('grace', 'DELETE', `/v1/budgets/${name}`);
});

interface Use {
  readonly subject: object;
  readonly used_tokens: number;
  readonly used_usd: number;
  readonly reserved_tokens: number;
  readonly reserved_usd: number;
  readonly left_tokens: number | null;
  readonly left_usd: number | null;
}
const shown = async (person: string, name: string): Promise<readonly Use[]> =>
  JSON.parse(await house.sallyport(person, ['budgets', 'usage', name, '--json'])) as Use[];
/** Calls that were refused for a budget, whoever made them. */
const refusedSoFar = async (): Promise<number> => {
  const text = await (await fetch(`${gate.url}/metrics`)).text();
  return Number(/^sallyport_model_reservations_total\{.*"refused".*\} (\d+)$/m.exec(text)?.[1] ?? Number.NaN);
};
const answered = (all: readonly Told[]) => all.filter(({ answer }) => answer !== undefined);

/** One call after the other, until one is refused. */
async function untilRefused(api: ModelApiName): Promise<{ readonly answers: number; readonly refused: Told }> {
  for (let answers = 0; answers < 20; answers += 1) {
    const told = await house.ask(api, 'Again, please.');
    if (told.answer === undefined) return { answers, refused: told };
  }
  throw new Error('no call was refused');
}

describe.each(modelApis)('a budget of tokens, by the API of %s,', (api) => {
  test('is used up by a program, which is told which one it was and when it begins anew; raised, it goes on', async () => {
    const { id } = await gate.api<{ id: string }>('ada', 'GET', '/v1/whoami');
    const limit = 4 * usedByOne + 100; // a call may take more than it uses in the end
    await make('ada-month', { applies_to: { kind: 'identity', value: id }, per: 'identity', limit_tokens: limit });
    const before = house.model.seen.length;
    const { answers, refused } = await untilRefused(api);

    expect(answers).toBeGreaterThan(0);
    expect(house.model.seen).toHaveLength(before + answers);
    expect(refused).toMatchObject({
      status: 403,
      type: refusals[api],
      message: expect.stringMatching(
        /budget "ada-month" has [\d,]+ tokens left, and this request may take [\d,]+ tokens/,
      ),
    });
    expect(refused.message).toMatch(resets);

    const used = answers * usedByOne;
    expect(await shown('ada', 'ada-month')).toMatchObject([
      {
        subject: { identity: { name: 'ada@example.test' } },
        used_tokens: used,
        reserved_tokens: 0,
        left_tokens: limit - used,
      },
    ]);
    const [heads, row] = (await house.sallyport('ada', ['budgets', 'usage', 'ada-month'])).trim().split('\n');
    expect(heads).toMatch(/^OF +USED TOKENS .*LEFT TOKENS .*RESETS/i);
    expect(row).toMatch(new RegExp(`^ada@example.test +${used} .* ${limit - used} `));

    expect((await house.ask(api, 'And for somebody else?', { person: 'edsger' })).answer).toBeDefined();
    await house.sallyport('grace', ['budgets', 'set', 'ada-month', '--tokens', String(2 * limit)]);
    expect((await house.ask(api, 'Now?')).answer).toBeDefined();
  });
});

describe('a group’s budget of money', () => {
  const room = 3;
  const budget = { applies_to: { kind: 'group', value: 'engineers' }, per: 'group', models: ['claude-*'] };

  test('refuses a model without a price, and says who can set one', async () => {
    await make('team-money', { ...budget, limit_usd: 1 });
    const { status, message } = await house.ask('anthropic', 'What do you cost?');
    expect(status).toBe(403);
    expect(message).toContain('budget "team-money" counts money, and what "claude-scripted" costs is not known');
    expect(message).toContain('sallyport model-prices set');
  });

  test('is not overspent by calls at once of everybody in it, and what they cost is counted by the price', async () => {
    const [input, output] = [1000, 4000]; // dollars for a million tokens
    await house.sallyport('grace', [
      'model-prices',
      'set',
      'claude-scripted',
      '--input',
      `${input}`,
      '--output',
      `${output}`,
    ]);
    await make('team-money', { ...budget, limit_usd: 1000 });
    const prompt = 'Please take your time.';
    const one = house.ask('anthropic', prompt);
    const worst = await until('one call is under way', async () => (await shown('ada', 'team-money'))[0]?.reserved_usd);
    await house.sallyport('grace', ['budgets', 'set', 'team-money', '--usd', (worst * (room + 0.5)).toFixed(6)]);

    const before = house.model.seen.length;
    const refusedBefore = await refusedSoFar();
    const others = [
      house.askAtOnce('anthropic', 4, prompt),
      house.askAtOnce('anthropic', 4, prompt, { person: 'edsger' }),
    ];
    await until(
      'what has no room is refused, while the rest runs',
      async () => (await refusedSoFar()) === refusedBefore + 6,
    );
    await until('the rest has come to the model', () => house.model.seen.length >= before + room - 1);
    expect(await shown('edsger', 'team-money')).toMatchObject([
      { subject: { group: 'engineers' }, used_usd: 0, reserved_usd: expect.closeTo(worst * room, 6) },
    ]);

    release!();
    const told = [await one, ...(await Promise.all(others)).flat()];
    expect(answered(told)).toHaveLength(room);
    expect(house.model.seen).toHaveLength(before + room - 1);
    for (const { status, type, message } of told.filter(({ answer }) => answer === undefined)) {
      expect([status, type]).toEqual([403, refusals.anthropic]);
      expect(message).toMatch(/budget "team-money" has \$[\d.,]+ left, and this request may take \$[\d.,]+/);
      expect(message).toMatch(resets);
    }
    const cost = room * ((inputTokens * input + outputTokens * output) / 1_000_000);
    await until('what was used has taken the place of what was taken', async () =>
      (await shown('ada', 'team-money')).every(({ reserved_usd }) => reserved_usd === 0),
    );
    expect(await shown('ada', 'team-money')).toMatchObject([{ used_usd: expect.closeTo(cost, 6) }]);
  });
});

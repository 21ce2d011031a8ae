import type { MaskingPlan, MaskingRule } from '@sallyport/core';
import { type Channel, type Frame, FrameKind } from '@sallyport/engine';
import { planOf } from '@sallyport/masking';
import { expect, test } from 'vitest';
import { narrowed } from './narrowed.js';

const minimum: MaskingRule[] = [{ id: 'mail', kind: 'detector', detector: 'email', action: 'redact' }];
const frame = (kind: FrameKind, body = ''): Frame => ({
  kind,
  exchange: 1,
  head: Buffer.alloc(0),
  body: Buffer.from(body),
});
const planFrame = (rules: MaskingRule[]): Frame => frame(FrameKind.PLAN, JSON.stringify(planOf(rules)));

async function through(frames: Frame[]): Promise<Frame[]> {
  const source: AsyncIterable<Frame> = {
    async *[Symbol.asyncIterator]() {
      yield* frames;
    },
  };
  const seen: Frame[] = [];
  for await (const each of narrowed({ frames: source } as Channel, minimum).frames) seen.push(each);
  return seen;
}

const rulesOf = ({ body }: Frame): readonly MaskingRule[] =>
  (JSON.parse(Buffer.from(body).toString()) as MaskingPlan).rules;

test('an empty plan leaves the agent’s own minimum on', async () => {
  const [plan] = await through([planFrame([])]);

  expect(rulesOf(plan!)).toEqual(minimum);
});

test('a plan adds rules, and cannot weaken one', async () => {
  const [plan] = await through([
    planFrame([
      { id: 'weaker', kind: 'detector', detector: 'email', action: 'partial' },
      { id: 'more', kind: 'column', column: 'public.patients.name', action: 'null' },
    ]),
  ]);

  expect(rulesOf(plan!)).toEqual(
    expect.arrayContaining([
      ...minimum,
      { id: 'more', kind: 'column', column: 'public.patients.name', action: 'null' },
    ]),
  );
  expect(rulesOf(plan!)).toHaveLength(2);
});

test('nothing is forwarded before there is a plan', async () => {
  await expect(through([frame(FrameKind.OPEN), frame(FrameKind.FORWARD, 'drop table patients')])).rejects.toMatchObject(
    { code: 'MASKING_UNAVAILABLE' },
  );
});

test.each(['', '{}', '{"rules":[{"id":"x","kind":"column","column":"(","action":"redact"}]}', 'null'])(
  'a plan that cannot be used (%j) stops the session',
  async (body) => {
    await expect(through([frame(FrameKind.PLAN, body), frame(FrameKind.FORWARD)])).rejects.toMatchObject({
      code: 'MASKING_UNAVAILABLE',
    });
  },
);

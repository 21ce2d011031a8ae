import { describe, expect, test } from 'vitest';
import { createPolicyEngine } from './index.js';
import { parseQuota, type Quota, Quotas } from './quota.js';

const minute: Quota = { count: 2, windowMs: 60_000 };
const lookUp = [{ policy: 'look-up', quota: minute }];

describe('quotas', () => {
  test('are of one identity and one policy, and are free again when the window has passed', () => {
    const quotas = new Quotas();
    expect(quotas.take('ada', lookUp, 0)).toEqual({ taken: true });
    expect(quotas.take('ada', lookUp, 10_000)).toEqual({ taken: true });
    expect(quotas.take('ada', lookUp, 20_000)).toEqual({ taken: false, policy: 'look-up', freeInMs: 40_000 });
    expect(quotas.take('ravi', lookUp, 20_000)).toEqual({ taken: true });
    expect(quotas.take('ada', [{ policy: 'other', quota: minute }], 20_000)).toEqual({ taken: true });
    expect(quotas.take('ada', lookUp, 60_001)).toEqual({ taken: true });
    expect(quotas.take('ada', lookUp, 60_002)).toEqual({ taken: false, policy: 'look-up', freeInMs: 9_998 });
  });

  test('are taken all or not at all', () => {
    const quotas = new Quotas();
    const once = { policy: 'once', quota: { count: 1, windowMs: 60_000 } };
    expect(quotas.take('ada', [once], 0)).toEqual({ taken: true });
    for (let round = 0; round < 5; round += 1)
      expect(quotas.take('ada', [...lookUp, once], 1)).toMatchObject({ taken: false, policy: 'once' });
    expect(quotas.take('ada', lookUp, 2)).toEqual({ taken: true });
    expect(quotas.take('ada', lookUp, 2)).toEqual({ taken: true });
  });

  test('that cannot be counted are not given', () => {
    const quotas = new Quotas();
    for (let person = 0; person < 10_000; person += 1) quotas.take(`person-${person}`, lookUp, 0);
    expect(quotas.take('one-more', lookUp, 0)).toMatchObject({ taken: false });
    expect(quotas.take('person-1', lookUp, 0)).toEqual({ taken: true });
    expect(quotas.take('one-more', lookUp, 25 * 3_600_000)).toEqual({ taken: true });
  });

  test.each([
    ['20/1h', { count: 20, windowMs: 3_600_000 }],
    ['1/30s', { count: 1, windowMs: 30_000 }],
    ['1000/24h', { count: 1000, windowMs: 86_400_000 }],
    ['0/1h', undefined],
    ['1001/1h', undefined],
    ['20/25h', undefined],
    ['20/0s', undefined],
    ['20', undefined],
    ['', undefined],
  ])('"%s" reads as %o', (text, quota) => {
    expect(parseQuota(text)).toEqual(quota);
  });

  test('are an annotation of a permit', () => {
    const engine = createPolicyEngine();
    const on = 'action == Sallyport::Action::"sql.execute", resource';
    engine.load(1, `@id("look-up") @quota("20/1h") permit(principal, ${on}); @id("plain") permit(principal, ${on});`);
    expect(engine.quotasOf(['look-up', 'plain'])).toEqual([
      { policy: 'look-up', quota: { count: 20, windowMs: 3_600_000 } },
    ]);
    for (const wrong of [
      `@id("a") @quota("lots") permit(principal, ${on});`,
      `@id("a") @quota("2/1h") forbid(principal, ${on});`,
    ])
      expect(engine.validate(wrong)).toMatchObject([
        { severity: 'error', message: expect.stringContaining('@quota') as string },
      ]);
  });
});

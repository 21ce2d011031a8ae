import type { Authorization } from '@sallyport/aws';
import { GatewayError } from '@sallyport/core';
import type { SingleUse } from '@sallyport/engine';
import { describe, expect, test } from 'vitest';
import { type Sender, SingleUses } from './single-use.js';

const now = new Date('2026-01-02T03:04:05Z');
let count = 0;
const write = (): Authorization => ({
  ok: true,
  form: 'header',
  accessKeyId: 'ASIAA',
  scope: { date: '20260102', region: 'eu-central-1', service: 'sqs' },
  signedHeaders: ['host'],
  signature: (count += 1).toString(16).padStart(12, '0').padEnd(64, 'f'),
  signedAt: now,
  amzDate: '',
});

/** A store that gives these answers in turn. */
function storeOf(...answers: readonly (boolean | GatewayError)[]) {
  const asked: SingleUse[] = [];
  const lobby: Sender['lobby'] = {
    once: async (use) => {
      const answer = answers[asked.push(use) - 1]!;
      if (answer instanceof GatewayError) throw answer;
      return answer;
    },
  };
  const from = (connection: string): Sender => ({ now, connection, address: '192.0.2.1', lobby });
  return { asked, from };
}

const unavailable = new GatewayError('RECORDING_UNAVAILABLE', 'nobody can tell');
const attempt = (number: number) =>
  [
    ['amz-sdk-invocation-id', 'a'],
    ['amz-sdk-request', `attempt=${number}`],
  ] as const;

test('what this replica has seen is refused without asking the store', () => {
  const [uses, request, { asked, from }] = [new SingleUses(), write(), storeOf(true)];
  uses.take(request, [], from('one'));
  expect(() => uses.take(request, [], from('two'))).toThrow('has been used before');
  expect(asked).toHaveLength(1);
});

test('what another replica has seen is refused', async () => {
  const [uses, request, { from }] = [new SingleUses(), write(), storeOf(false)];
  await expect(uses.take(request, [], from('one')).settled).rejects.toThrow('has been used before');
});

test('what is sent again within the second is taken with the first', async () => {
  const [uses, request, { asked, from }] = [new SingleUses(), write(), storeOf(true)];
  await Promise.all([1, 2].map((number) => uses.take(request, attempt(number), from('one')).settled));
  expect(asked).toHaveLength(1);
});

test('what is sent again after a replay from elsewhere is asked for as the attempt that it is', async () => {
  const [uses, request, { asked, from }] = [new SingleUses(), write(), storeOf(false, true)];
  const replayed = uses.take(request, attempt(1), from('one'));
  const honest = uses.take(request, attempt(2), from('two'));
  await expect(replayed.settled).rejects.toThrow('has been used before');
  await honest.settled;
  expect(asked.map((use) => use.attempt)).toEqual(['a 1', 'a 2']);
});

test('what is sent again after the store failed is asked for anew, never taken for known', async () => {
  const [uses, request, { asked, from }] = [new SingleUses(), write(), storeOf(unavailable, unavailable, true)];
  for (const number of [1, 2])
    await expect(uses.take(request, attempt(number), from('one')).settled).rejects.toThrow(unavailable);
  await uses.take(request, attempt(3), from('one')).settled;
  expect(asked.map((use) => use.attempt)).toEqual(['a 1', 'a 2', 'a 3']);
  expect(new Set(asked.map(({ key }) => key)).size).toBe(1);
});

test('two requests are two keys, kept for longer than any clock takes them', async () => {
  const [uses, { asked, from }] = [new SingleUses(), storeOf(true, true)];
  await Promise.all([write(), write()].map((request) => uses.take(request, [], from('one')).settled));
  expect(asked[0]!.key).not.toBe(asked[1]!.key);
  expect(asked[0]!.keptMs).toBeGreaterThan(2 * 300_000);
});

describe('the same signature of a client that counts no attempts, within two seconds', () => {
  const scope = { date: '20260102', region: 'eu-central-1', service: 's3' };
  const later = (sender: Sender, ms: number): Sender => ({ ...sender, now: new Date(now.getTime() + ms) });

  test('does not run at S3, and is told to be signed again', async () => {
    const [uses, request, { from }] = [new SingleUses(), { ...write(), scope }, storeOf(true)];
    await uses.take(request, [], from('one')).settled;
    expect(() => uses.take(request, [], later(from('two'), 1500))).toThrow(
      expect.objectContaining({ code: 'RATE_LIMITED' }),
    );
    const elsewhere = new SingleUses().take(request, [], storeOf(false).from('two'));
    await expect(elsewhere.settled).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  });

  test('is a replay later, of another service, and of who counts', () => {
    const refusedAs = (request: Authorization, headers: Parameters<SingleUses['take']>[1], ms: number) => {
      const [uses, { from }] = [new SingleUses(), storeOf(true)];
      uses.take(request, headers, from('one'));
      return expect(() => uses.take(request, headers, later(from('two'), ms)));
    };
    const replay = expect.objectContaining({ code: 'UNAUTHENTICATED' });
    refusedAs({ ...write(), scope }, [], 2500).toThrow(replay);
    refusedAs(write(), [], 500).toThrow(replay);
    refusedAs({ ...write(), scope }, attempt(1), 500).toThrow(replay);
  });
});

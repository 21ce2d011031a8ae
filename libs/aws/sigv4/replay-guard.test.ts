import { describe, expect, test } from 'vitest';
import { now, signed } from '../testing/requests.js';
import { type Authorization, parseAuthorization } from './authorization.js';
import { type Arrival, attemptOf, ReplayGuard } from './replay-guard.js';

let count = 0;
const write = (accessKeyId = 'ASIAA', signedAt = now): Authorization => {
  const signature = (count += 1).toString(16).padStart(12, '0').padEnd(64, 'f');
  const scope = { date: '20260102', region: 'eu-central-1', service: 'sqs' };
  return { ok: true, form: 'header', accessKeyId, scope, signedHeaders: ['host'], signature, signedAt, amzDate: '' };
};
const after = (ms: number): Date => new Date(now.getTime() + ms);
const from = (connection: string, attempt?: string, at = now, address = '192.0.2.1'): Arrival => ({
  at,
  connection,
  address,
  ...(attempt === undefined ? {} : { attempt }),
});

describe('the same signature again', () => {
  test('is a replay over another connection that says nothing of an attempt', () => {
    const [guard, request] = [new ReplayGuard(), write()];
    expect(guard.admit(request, from('one'))).toBe('first');
    expect(guard.admit(request, from('two'))).toBe('replay');
  });

  test('is what a client does that calls twice within a second, over its own connection', () => {
    const [guard, request] = [new ReplayGuard(), write()];
    expect(guard.admit(request, from('one', 'a 1'))).toBe('first');
    expect(guard.admit(request, from('one', 'b 1', after(500)))).toBe('repeat');
    expect(guard.admit(request, from('one', undefined, after(900)))).toBe('repeat');
  });

  test('is what botocore does when it tries again over a new connection within the second', () => {
    const [guard, request] = [new ReplayGuard(), write()];
    expect(guard.admit(request, from('one', 'a 1'))).toBe('first');
    expect(guard.admit(request, from('two', 'a 2', after(300)))).toBe('repeat');
    expect(guard.admit(request, from('two', 'a 2', after(400)))).toBe('replay');
    expect(guard.admit(request, from('one', 'a 3', after(500)))).toBe('repeat');
    expect(guard.admit(request, from('three', 'a 3', after(600)))).toBe('replay');
  });

  test('is a replay from another address, whatever it says', () => {
    const [guard, request] = [new ReplayGuard(), write()];
    expect(guard.admit(request, from('one', 'a 1'))).toBe('first');
    expect(guard.admit(request, from('two', 'a 2', after(1), '192.0.2.2'))).toBe('replay');
  });

  test('is a replay once no SDK would have signed it again, even over its own connection', () => {
    const [guard, request] = [new ReplayGuard(), write()];
    expect(guard.admit(request, from('one', 'a 1'))).toBe('first');
    expect(guard.admit(request, from('one', 'a 2', after(2000)))).toBe('repeat');
    expect(guard.admit(request, from('one', 'a 3', after(2001)))).toBe('replay');
    expect(guard.admit(request, from('two', 'a 4', after(300_000)))).toBe('replay');
  });

  test('is not seen again without end within the second', () => {
    const [guard, request] = [new ReplayGuard(), write()];
    const verdicts = Array.from({ length: 2000 }, (_, attempt) => guard.admit(request, from('one', `a ${attempt}`)));
    expect(verdicts[0]).toBe('first');
    expect(verdicts.filter((verdict) => verdict === 'replay').length).toBeGreaterThan(900);
  });
});

test('a signature is remembered as long as it could be used, and no longer', () => {
  const guard = new ReplayGuard();
  for (const signedAt of [after(-300_000), now, after(300_000)]) {
    const request = write('ASIAA', signedAt);
    const end = signedAt.getTime() + 300_000;
    expect(guard.admit(request, from('one'))).toBe('first');
    expect(guard.admit(request, from('two', undefined, new Date(end)))).toBe('replay');
  }
  guard.admit(write('ASIAA', after(700_000)), from('one', undefined, after(700_000)));
  expect(guard.size).toBe(1);
});

test('a full guard refuses what it could not remember, until older signatures are past their time', () => {
  const guard = new ReplayGuard({ capacity: 3, capacityPerKey: 3 });
  const requests = [write(), write(), write()];
  for (const request of requests) expect(guard.admit(request, from('one'))).toBe('first');
  expect(guard.admit(write(), from('one'))).toBe('full');
  expect(guard.admit(requests[0]!, from('two'))).toBe('replay');
  expect(guard.admit(write('ASIAA', after(360_001)), from('one', undefined, after(360_001)))).toBe('first');
});

test('one client cannot fill the guard for all', () => {
  const guard = new ReplayGuard({ capacity: 10, capacityPerKey: 2 });
  const verdicts = Array.from({ length: 5 }, () => guard.admit(write('ASIAA'), from('one')));
  expect(verdicts).toEqual(['first', 'first', 'full', 'full', 'full']);
  expect(guard.admit(write('ASIAB'), from('two'))).toBe('first');
});

test('what SDKs say of an attempt is read from headers that they need not sign', () => {
  const request = signed({ method: 'POST', path: '/', query: '', headers: [['host', 'x']] });
  const headers = [
    ...request.headers,
    ['amz-sdk-invocation-id', 'id'],
    ['amz-sdk-request', 'attempt=2; max=3'],
  ] as const;
  expect(attemptOf(headers)).toBe('id 2');
  expect(attemptOf(request.headers)).toBeUndefined();
  expect(parseAuthorization({ ...request, headers })).toMatchObject({ ok: true });
});

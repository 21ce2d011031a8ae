import { GatewayError, type SessionId } from '@sallyport/core';
import { fixedClock } from '@sallyport/testkit';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { LiveSession } from './live-session.js';
import { LiveSessions } from './live-sessions.js';

type Dependencies = ConstructorParameters<typeof LiveSessions>;

const clock = fixedClock();
const seconds = async (count: number): Promise<void> => {
  for (let passed = 0; passed < count; passed += 1) {
    clock.advance(1_000);
    await vi.advanceTimersByTimeAsync(1_000);
  }
};

/** A login of two hours, and the session that rests on it. */
function world({ protectedConnection }: { readonly protectedConnection?: object } = {}) {
  const protection = { state: 'protected' };
  const expiresAt = new Date(clock.now().getTime() + 2 * 3_600_000);
  const check = vi.fn(async () => {
    if (clock.now() >= expiresAt) throw new GatewayError('GRANT_ENDED', 'this login has ended');
    return { identity: {} };
  });
  const sessions = new LiveSessions(
    ...([
      { check },
      { findById: async () => ({}) },
      { now: async () => () => protection },
      { subscribe: vi.fn() },
      { onBuried: vi.fn() },
      { onOverdue: vi.fn() },
      { onEnded: vi.fn() },
      clock,
      { warn: vi.fn() },
      { gauge: vi.fn() },
    ] as unknown as Dependencies),
  );
  sessions.onApplicationBootstrap();
  const session = {
    id: 'one' as SessionId,
    ticket: { grantId: 'grant', grantExpiresAt: expiresAt },
    recognise: vi.fn(),
    reconnect: vi.fn(),
    say: vi.fn(),
    end: vi.fn(),
    protectedConnection,
  };
  sessions.add(session as unknown as LiveSession);
  return { sessions, session, check, expiresAt, protection };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a login that expires ends the session behind it within a minute, and the client is warned once before', async () => {
  const { session, check, sessions, expiresAt } = world();
  await seconds(2 * 3_600 - 6 * 60);
  expect(session.say).not.toHaveBeenCalled();
  expect(check.mock.calls.length).toBeGreaterThan(20); // it was looked at again every five minutes

  await seconds(6 * 60 - 1);
  expect(session.say.mock.calls).toEqual([[expect.stringContaining(expiresAt.toISOString())]]);
  expect(session.end).not.toHaveBeenCalled();

  await seconds(60);
  expect(session.end).toHaveBeenCalledWith('GRANT_ENDED', 'this login has ended');
  expect(session.say).toHaveBeenCalledTimes(1);
  sessions.onApplicationShutdown();
});

test.each([
  ['unprotected', true],
  ['unchecked', false],
])('a session that asked for protection and is %s by now: ended %s', async (state, ended) => {
  const { sessions, session, protection } = world({ protectedConnection: {} });
  await seconds(60);
  expect(session.end).not.toHaveBeenCalled();
  protection.state = state;
  await seconds(20);
  if (ended) expect(session.end).toHaveBeenCalledWith('CONNECTION_UNPROTECTED', expect.stringContaining('more than'));
  else expect(session.end).not.toHaveBeenCalled();
  sessions.onApplicationShutdown();
});

test('a session that did not ask for protection goes on', async () => {
  const { sessions, session, protection } = world();
  protection.state = 'unprotected';
  await seconds(60);
  expect(session.end).not.toHaveBeenCalled();
  sessions.onApplicationShutdown();
});

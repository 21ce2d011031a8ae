import { type Decision, GatewayError, type Operation, type SessionId, type TurnContext } from '@sallyport/core';
import type { PolicyRequest, TurnSoFar } from '@sallyport/policy';
import { describe, expect, test, vi } from 'vitest';
import type { TurnKey } from '../modules/turns/turn-key.js';
import type { House } from './house.js';
import { LiveSession, type LiveSessionOptions } from './live-session.js';

test('whether a connection is protected is asked again before an agent is, and nothing is opened where it is not', async () => {
  const unprotected = new GatewayError('CONNECTION_UNPROTECTED', 'not protected');
  const connection = { name: 'shop', target: 'shop-db', protocol: 'postgres' } as LiveSessionOptions['connection'];
  const tunnel = { open: vi.fn(() => Promise.reject(new Error('asked'))), catalogue: () => undefined };
  const assertProtected = vi.fn(() => Promise.reject(unprotected));
  const session = new LiveSession({
    id: 'session' as SessionId,
    ticket: { identity: {} } as LiveSessionOptions['ticket'],
    connection,
    recorder: {} as LiveSessionOptions['recorder'],
    house: { tunnel, protection: { assertProtected } } as unknown as House,
    left: () => undefined,
  });
  await expect(session.open(Buffer.alloc(0))).rejects.toBe(unprotected);
  expect(assertProtected).toHaveBeenCalledWith(connection);
  expect(tunnel.open).not.toHaveBeenCalled();

  assertProtected.mockImplementation(() => Promise.resolve() as never);
  await expect(session.open(Buffer.alloc(0))).rejects.toThrow('asked');
});

const sessionOn = (way: LiveSessionOptions['way']) => {
  const tunnel = { open: vi.fn(() => Promise.reject(new Error('asked'))), catalogue: () => undefined };
  const session = new LiveSession({
    id: 'session' as SessionId,
    ticket: { identity: {} } as LiveSessionOptions['ticket'],
    connection: { name: 'shop', target: 'shop-db', protocol: 'postgres', databases: [] } as never,
    recorder: { ended: () => Promise.resolve() } as never,
    house: { tunnel, protection: { assertProtected: () => Promise.resolve() } } as unknown as House,
    left: () => undefined,
    ...(way && { way }),
  });
  return { session, tunnel };
};

test('a session that ended while it was reached, or since, says nothing on its way, which is destroyed with it', async () => {
  const way = { write: vi.fn(() => true), destroy: vi.fn(), closed: new Promise<void>(() => undefined) };
  const changed = { target: 'another', databases: [] } as unknown as Parameters<LiveSession['reconnect']>[0];
  const after = sessionOn(Promise.resolve(way as never));
  after.session.reconnect(changed);
  await expect(after.session.open(Buffer.alloc(0))).rejects.toThrow('the connection was changed');

  let reach: (channel: never) => void = () => undefined;
  const meanwhile = sessionOn(new Promise((resolve) => (reach = resolve)));
  const opening = meanwhile.session.open(Buffer.alloc(0));
  meanwhile.session.reconnect(changed);
  await expect(opening).rejects.toThrow('the connection was changed'); // without waiting for the agent
  reach(way as never);

  for (const { session } of [after, meanwhile]) session.close();
  await vi.waitFor(() => expect(way.destroy).toHaveBeenCalledTimes(2));
  expect(way.write).not.toHaveBeenCalled();
  expect(after.tunnel.open).not.toHaveBeenCalled();
});

test('ways are opened side by side, eight at once, and the one that was reached ahead serves whoever comes first', async () => {
  const way = { write: vi.fn(() => true), destroy: vi.fn(), closed: new Promise<void>(() => undefined) };
  const { session, tunnel } = sessionOn(Promise.resolve(way as never));
  const answers: ((channel: unknown) => void)[] = [];
  tunnel.open.mockImplementation(() => new Promise((resolve) => answers.push(resolve)) as never);
  const opening = Array.from({ length: 12 }, () => session.open(Buffer.alloc(0)));
  await opening[0];
  expect(way.write).toHaveBeenCalledTimes(1);
  await vi.waitFor(() => expect(answers).toHaveLength(8));
  answers[7]!({ ...way }); // whichever is first
  await vi.waitFor(() => expect(answers).toHaveLength(9));
  for (let answered = 0; answered < 11; answered += 1) {
    await vi.waitFor(() => expect(answers.length).toBeGreaterThan(answered));
    answers[answered]!({ ...way });
  }
  expect(await Promise.all(opening)).toHaveLength(12);
  expect(tunnel.open).toHaveBeenCalledTimes(11);
});

test('a way that could not be opened leaves its place to the next', async () => {
  const { session } = sessionOn(undefined);
  const opening = Array.from({ length: 20 }, () =>
    session.open(Buffer.alloc(0)).catch((error: Error) => error.message),
  );
  expect(new Set(await Promise.all(opening))).toEqual(new Set(['asked']));
});

describe('what has happened in a turn', () => {
  const operation = (more: Partial<Operation> = {}) =>
    ({ action: 'sql.execute', risk: 'write', digest: 'd', facts: {}, ...more }) as Operation;
  const denied = { outcome: 'deny', refusal: { code: 'POLICY_DENIED', message: 'no' } } as unknown as Decision;

  /** Turns that count as the real ones do, and policies that say what they are told to. */
  const sessionIn = (turn: TurnContext, { known = true } = {}) => {
    const counts = new Map<TurnKey, number>();
    const loaded = new Set<TurnKey>();
    const turns = {
      soFar: (key: TurnKey): TurnSoFar | undefined =>
        known || loaded.has(key) ? { writes: counts.get(key) ?? 0, untrusted: false } : undefined,
      load: vi.fn(async (key: TurnKey) => void loaded.add(key)),
      counted: (key: TurnKey) => void counts.set(key, (counts.get(key) ?? 0) + 1),
      refused: vi.fn(),
    };
    const endedAiSessions = { has: () => false };
    const asked: PolicyRequest[] = [];
    const answer = { now: { outcome: 'allow' } as Decision };
    const admit = (request: PolicyRequest): Decision => {
      asked.push(request);
      return answer.now;
    };
    const settle = vi.fn(async () => ({ outcome: 'allow' }));
    const session = new LiveSession({
      id: 'session' as SessionId,
      ticket: { identity: { id: 'ada' }, turn } as LiveSessionOptions['ticket'],
      connection: { id: 'c', name: 'shop', labels: [], protocol: 'postgres', databases: [] } as never,
      recorder: { admitted: () => ({ id: 'o' }) } as never,
      house: {
        policies: { admit },
        turns,
        endedAiSessions,
        reviews: { settle },
        decided: () => undefined,
      } as unknown as House,
      left: () => undefined,
    });
    return { session, asked, turns, answer, writes: () => asked.map(({ soFar }) => soFar?.writes) };
  };

  test('is counted as it is decided, without waiting: of two at once the second is decided after the first', () => {
    const { session, writes, asked } = sessionIn({ aiSession: 's', turn: 't' });
    for (let more = 0; more < 3; more += 1) expect(session.decide(operation())).not.toBeInstanceOf(Promise);
    expect(writes()).toEqual([0, 1, 2]);
    expect(asked[0]!.turn).toBe(asked[1]!.turn); // or no decision would be found again
  });

  test('is not: what only reads, what is decided ahead of its execution, what a model says, what is refused', () => {
    const { session, writes, answer } = sessionIn({ turn: 't' });
    for (const more of [{ risk: 'read' as const }, { provisional: true }, { action: 'model.tool_call' }])
      void session.decide(operation(more));
    answer.now = denied;
    void session.decide(operation());
    void session.decide(operation());
    expect(writes()).toEqual([0, 0, 0, 0, 0]);
  });

  test('counts what people allowed, once they have', async () => {
    const { session, writes, answer } = sessionIn({ turn: 't' });
    answer.now = { outcome: 'review' } as Decision;
    const reviewed = operation();
    void session.decide(reviewed);
    session.record(reviewed, answer.now, undefined);
    const waiting = { waiting: () => undefined, abandoned: new AbortController().signal };
    await session.review(reviewed, answer.now as never, waiting);
    void session.decide(operation());
    expect(writes()).toEqual([0, 1]);
  });

  test('is of the turn that the request names, where it names one', async () => {
    const { session, writes, asked } = sessionIn({ client: 'codex', aiSession: 's', turn: 't' });
    for (const turn of [{ turn: 'other' }, { turn: 'other' }, undefined, { aiSession: 'other' }])
      void session.decide(operation(turn && { turn }));
    expect(writes()).toEqual([0, 1, 0, undefined]);
    expect(asked.at(-1)!.turn).toEqual({ client: 'codex', aiSession: 'other' }); // and nothing of the ticket's own turn
  });

  test('is read first where this replica does not know it, and nothing is decided when it cannot be', async () => {
    const { session, asked, turns } = sessionIn({ turn: 't' }, { known: false });
    const decision = session.decide(operation());
    expect(asked).toEqual([]);
    expect(await decision).toMatchObject({ outcome: 'allow' });
    expect(turns.load).toHaveBeenCalledTimes(1);

    turns.load.mockRejectedValue(new GatewayError('POLICY_UNAVAILABLE', 'unreadable'));
    await expect(session.decide(operation({ turn: { turn: 'unknown' } }))).rejects.toThrow('unreadable');
    expect(asked.length).toBe(1);
  });

  test('remembers what policies refused, not what was refused for want of something', () => {
    const { session, turns, answer } = sessionIn({ turn: 't' });
    answer.now = { outcome: 'deny', refusal: { code: 'RATE_LIMITED', message: 'later' } } as unknown as Decision;
    void session.decide(operation());
    expect(turns.refused).not.toHaveBeenCalled();
    answer.now = denied;
    void session.decide(operation());
    expect(turns.refused).toHaveBeenCalledWith(
      expect.objectContaining({ connection: 'c', digest: 'd', message: 'no' }),
    );
  });

  test('is nothing where there is no turn', () => {
    const { session, asked, turns, answer } = sessionIn({ aiSession: 's' });
    void session.decide(operation());
    answer.now = denied;
    void session.decide(operation());
    expect(asked.map(({ soFar }) => soFar)).toEqual([undefined, undefined]);
    expect(turns.refused).not.toHaveBeenCalled();
  });
});

describe('a request to a model within a call to AWS', () => {
  const whole = { action: 'aws.call', risk: 'write', text: 'invoke', facts: {}, resources: [], pure: false };
  const part = { ...whole, action: 'model.request', within: whole };
  const silence = {
    outcome: 'deny',
    policies: [],
    policyVersion: 3,
    refusal: { code: 'POLICY_DENIED', message: 'none' },
  };
  const deciding = (ofPart: object, ofWhole: object, isNamed: boolean) => {
    const answer = ({ operation }: { operation: { action: string } }) =>
      operation.action === 'aws.call' ? ofWhole : ofPart;
    const session = new LiveSession({
      id: 'session' as SessionId,
      ticket: { identity: {}, turn: {}, assurance: 'identity' } as never,
      connection: { name: 'cloud', target: 'cloud', protocol: 'aws', labels: [] } as never,
      recorder: {} as never,
      house: {
        policies: { admit: answer, decide: answer, names: () => isNamed },
        turns: { soFar: () => ({ writes: 0, untrusted: false }) },
        decided: () => undefined,
      } as unknown as House,
      left: () => undefined,
    });
    return session.decide(part as never);
  };
  const allowed = { outcome: 'allow', policies: ['bedrock'], policyVersion: 3 };

  test('is allowed by what allows the call, where no policy speaks about models', () => {
    expect(deciding(silence, allowed, false)).toEqual(allowed);
    expect(deciding(silence, { ...allowed, outcome: 'review' }, false)).toEqual(allowed); // the call has been reviewed
  });

  test('is refused where policies speak about models and none permits it, and where one forbids it', () => {
    expect(deciding(silence, allowed, true)).toEqual(silence);
    const forbidden = { ...silence, policies: ['no-models'] };
    expect(deciding(forbidden, allowed, false)).toEqual(forbidden);
    const unknown = { ...silence, refusal: { code: 'POLICY_UNAVAILABLE', message: 'not confirmed' } };
    expect(deciding(unknown, allowed, false)).toEqual(unknown);
    expect(deciding(silence, { ...silence, policies: ['now-forbidden'] }, false)).toMatchObject({ outcome: 'deny' });
  });
});

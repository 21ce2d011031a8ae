import type { MaskingPlan } from '@sallyport/core';
import { type Channel, type Exchange, type Frame, FrameKind, type Permit, type SessionHandle } from '@sallyport/engine';
import { expect, test, vi } from 'vitest';
import { encodeJson } from '../frames.js';
import { CallSession } from './call-session.js';

const permit = { masking: { rules: [], digest: 'p' } as unknown as MaskingPlan } as Permit;
const nothing = new Uint8Array(0);

async function* opened(): AsyncGenerator<Frame> {
  yield { kind: FrameKind.OPENED, exchange: 0, head: Buffer.from(encodeJson({})), body: Buffer.from(nothing) };
}

const channel = (): Channel => ({
  write: () => true,
  drained: async () => undefined,
  frames: opened(),
  closed: new Promise(() => undefined),
  end: () => undefined,
  destroy: () => undefined,
});

function sessionThat(opens: () => Promise<Channel>) {
  const open = vi.fn(opens);
  const handle = { open, ended: new AbortController().signal, close: () => undefined } as unknown as SessionHandle;
  return { open, session: new CallSession(handle, { openHead: () => ({}) }) };
}

const settled = () => new Promise(setImmediate);

test('calls one after the other need one way', async () => {
  const { open, session } = sessionThat(async () => channel());
  for (let call = 0; call < 3; call += 1) {
    session.release(await session.way(permit), true);
    await settled();
  }
  expect(open).toHaveBeenCalledTimes(1);
});

test('where calls run side by side the next one finds a way that is open, and there is one such way', async () => {
  const { open, session } = sessionThat(async () => channel());
  const ways = [await session.way(permit), await session.way(permit)];
  await settled();
  expect(open).toHaveBeenCalledTimes(3);
  ways.push(await session.way(permit));
  expect(open).toHaveBeenCalledTimes(4); // the next one's
  await settled();
  for (const way of ways) session.release(way, true);
  await session.way(permit);
  await settled();
  expect(open).toHaveBeenCalledTimes(4);
});

test('a way that cannot be opened ahead is opened by the call that needs it, which hears why', async () => {
  let works = 2;
  const { open, session } = sessionThat(async () => {
    works -= 1;
    if (works < 0) throw new Error('no agent');
    return channel();
  });
  await session.way(permit);
  await session.way(permit);
  await settled();
  expect(open).toHaveBeenCalledTimes(3);
  await expect(session.way(permit)).rejects.toThrow('no agent');
  works = 1;
  await session.way(permit);
});

test('a way that opens after the session was closed is ended', async () => {
  let open: (way: Channel) => void = () => undefined;
  let opens = 0;
  const { session } = sessionThat(() => {
    opens += 1;
    return opens < 3 ? Promise.resolve(channel()) : new Promise((resolve) => (open = resolve));
  });
  await session.way(permit);
  await session.way(permit);
  session.close();
  const end = vi.fn();
  open({ ...channel(), end });
  await vi.waitFor(() => expect(end).toHaveBeenCalledTimes(1));
});

const called = () => {
  const ends: (() => void)[] = [];
  const run = () => new Promise<void>((resolve) => ends.push(resolve));
  const handle = { run, ended: new AbortController().signal, close: () => undefined } as unknown as SessionHandle;
  const session = (more: object) => new CallSession(handle, { openHead: () => ({}), mostCalls: 2, ...more });
  return { ends, session };
};

test('calls beyond the most wait for their turn, in the order in which they came', async () => {
  const { ends, session } = called();
  const line = session({ patienceMs: 60_000 });
  const done: number[] = [];
  const calls = [1, 2, 3, 4].map((call) => line.run({} as Exchange).then(() => done.push(call)));
  await settled();
  expect([ends.length, line.calls]).toEqual([2, 2]);
  for (let at = 0; at < 4; at += 1) {
    ends[at]!();
    await settled();
  }
  await Promise.all(calls);
  expect([done, line.calls]).toEqual([[1, 2, 3, 4], 0]);
});

test('a call that has waited too long, or may not wait, is refused, and takes nobody’s place', async () => {
  const { ends, session } = called();
  for (const patienceMs of [20, 0]) {
    const line = session({ patienceMs });
    const running = [line.run({} as Exchange), line.run({} as Exchange)];
    await expect(line.run({} as Exchange)).rejects.toMatchObject({ code: 'TOO_MANY_SESSIONS' });
    for (const end of ends.splice(0)) end();
    await Promise.all(running);
    expect(line.calls).toBe(0);
  }
});

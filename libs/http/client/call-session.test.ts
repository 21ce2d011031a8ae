import type { MaskingPlan } from '@sallyport/core';
import { type Channel, type Frame, FrameKind, type Permit, type SessionHandle } from '@sallyport/engine';
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
